#include "gap_about.h"

#include "vector.h"

/* How far the cells of a row are from what one vector of components is about. */
INLINE void gaps_of(const mx_tree *tree, const double *cells, int64_t k, loose *away) {
    const mx_level *level = tree->levels + tree->depth;
    for (int64_t i = 0; i < level->n_observed; i++)
        away[i] = cells[i] - load(tree->about + level->observed[i] * tree->padded + k);
}

void mx_densities_about(const mx_tree *tree, const double *cells, double *densities) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n = level->n_observed;
    loose *away = (loose *)tree->scratch;
    for (int64_t k = 0; k < padded; k += LANES) {
        const double *square = level->theta + (n + 1) * padded + k;
        gaps_of(tree, cells, k, away);
        vec total = load(level->theta + n * padded + k) + load(densities + k);
        for (int64_t i = 0; i < n; i++) {
            int64_t last = tree->full ? n : i + 1;
            vec slope = load(level->theta + i * padded + k);
            for (int64_t j = i; j < last; j++, square += padded)
                slope += load(square) * away[j];
            total += slope * away[i];
        }
        store(densities + k, total);
    }
}

void mx_products_about(const mx_tree *tree, const double *cells, const double *responsibilities) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n = level->n_observed;
    loose *away = (loose *)tree->scratch;
    for (int64_t k = 0; k < padded; k += LANES) {
        double *first = level->sums + k, *square = first + (n + 1) * padded;
        vec share = load(responsibilities + k);
        gaps_of(tree, cells, k, away);
        store(first + n * padded, load(first + n * padded) + share);
        for (int64_t i = 0; i < n; i++, first += padded) {
            int64_t last = tree->full ? n : i + 1;
            vec held = share * away[i];
            store(first, load(first) + held);
            for (int64_t j = i; j < last; j++, square += padded)
                store(square, load(square) + held * away[j]);
        }
    }
}
