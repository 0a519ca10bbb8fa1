/* EEV and VEV where all columns have one floor: EEI or VEI along the axes of each component. */
#ifndef MIXTURA_TURNED_H
#define MIXTURA_TURNED_H

#include <stdint.h>

int64_t mx_turned_workspace(int64_t n_components, int64_t n_columns);

/* Sets the factors above the floor; `logs` (K) volumes to start from, or NULL. */
int mx_turn(int64_t n_columns, double floor, int structure, int64_t n_components,
            const double *scatter, const double *rows, const double *logs, double *factors,
            double *workspace);

#endif
