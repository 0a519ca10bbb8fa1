/*
 * Tables of counts of K classes by L levels, with thresholds b that all classes share and an effect
 * e of each: by adjacent-category logits log p_kl = b_l + s_l e_k + a constant of k, with scores s
 * (the row-effects model, Goodman 1979), or by cumulative ones, logit P(level <= l | k) = b_l - e_k
 * (proportional odds, McCullagh 1980).
 */
#ifndef MIXTURA_ORDINAL_H
#define MIXTURA_ORDINAL_H

#include <stdint.h>

#include "export.h"

/* The number of doubles that mx_row_effects works in. */
MX_EXPORT int64_t mx_row_effects_workspace(int64_t n_components, int64_t n_levels);

/*
 * Sets probabilities (J, K, L) to the likeliest of J tables of counts, by steps of Newton that
 * begin at `previous` (J, K, L), or without it where all classes are alike; scores (J, L), or none
 * for cumulative logits of levels that rise. Levels without a count are impossible.
 */
MX_EXPORT void mx_row_effects(int64_t n_items, int64_t n_components, int64_t n_levels,
                              const double *counts, const double *scores, const double *previous,
                              double *probabilities, double *workspace);

#endif
