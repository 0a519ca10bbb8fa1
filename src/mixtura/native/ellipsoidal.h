/* M-steps of the ellipsoidal structures, EEE to VVV, whose scatter is matrices. */
#ifndef MIXTURA_ELLIPSOIDAL_H
#define MIXTURA_ELLIPSOIDAL_H

#include "m_step.h"

int mx_update_ellipsoidal(int structure, const struct mx_m_step *it, const double *scatter);

#endif
