/* M-steps of the ellipsoidal structures, EEE to VVV, whose scatter is matrices. */
#ifndef MIXTURA_ELLIPSOIDAL_H
#define MIXTURA_ELLIPSOIDAL_H

#include "m_step.h"

/* What they need to work in where neither volumes nor common axes are looked for. */
int64_t mx_ellipsoidal_workspace(int64_t n_columns);

int mx_update_ellipsoidal(int structure, const struct mx_m_step *it, const double *scatter);

#endif
