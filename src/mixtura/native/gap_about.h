/* Rows with missing cells under components whose parameters and sums are about points of their own.
 */
#ifndef MIXTURA_GAP_ABOUT_H
#define MIXTURA_GAP_ABOUT_H

#include "gap_tree.h"

/* Adds theta phi(x - about) of the observed cells x of one row to densities (padded). */
void mx_densities_about(const mx_tree *tree, const double *cells, double *densities);

/* Adds responsibilities (padded) times phi(x - about) to the sums of the pattern at hand. */
void mx_products_about(const mx_tree *tree, const double *cells, const double *responsibilities);

#endif
