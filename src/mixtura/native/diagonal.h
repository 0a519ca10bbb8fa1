/* M-steps of the spherical and diagonal structures, EII to VVI, whose scatter is diagonals. */
#ifndef MIXTURA_DIAGONAL_H
#define MIXTURA_DIAGONAL_H

#include "m_step.h"

int mx_update_diagonal(int structure, const struct mx_m_step *it, const double *scatter);

#endif
