/* What a mixture of one component more, or one less, has to say. */
#include <math.h>
#include <string.h>

#include "stage.h"

/* How many pairs are merged, or components split, one at a time. */
#define NEIGHBOURS 2

/* Shares of the components with the cheapest pair merged that has not been. */
static int merge_one(mx_stage *wide, mx_stage *at) {
    int64_t n = wide->form.n_components, rows = at->ground->sample->rows.n_rows;
    int64_t first = -1, other = -1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            if (isfinite(wide->losses[i * n + j]) &&
                (first < 0 || wide->losses[i * n + j] < wide->losses[first * n + other])) {
                first = i;
                other = j;
            }
    if (first < 0)
        return 0;
    wide->losses[first * n + other] = INFINITY;
    double *after = at->after;
    for (int64_t k = 0; k < n; k++) {
        if (k == other)
            continue;
        memcpy(after, wide->responsibilities + k * rows, sizeof(double) * rows);
        for (int64_t i = 0; k == first && i < rows; i++)
            after[i] += wide->responsibilities[other * rows + i];
        after += rows;
    }
    return 1;
}

/* Shares of the components with the one split that gains most and has not been. */
static int part_one(mx_stage *narrow, mx_stage *at) {
    int64_t n = narrow->form.n_components, rows = at->ground->sample->rows.n_rows, split = -1;
    for (int64_t k = 0; k < n; k++)
        if (isfinite(narrow->gains[k]) && (split < 0 || narrow->gains[k] > narrow->gains[split]))
            split = k;
    if (split < 0)
        return 0;
    narrow->gains[split] = -INFINITY;
    memcpy(at->after, narrow->responsibilities, sizeof(double) * n * rows);
    double *rest = at->after + split * rows, *child = at->after + n * rows;
    for (int64_t i = 0; i < rows; i++) {
        child[i] = rest[i] * narrow->second[split * rows + i];
        rest[i] -= child[i];
    }
    return 1;
}

/* Readies the mixture that a neighbour has for being merged or split. */
static int ready(mx_stage *source, const mx_state *from, int merging) {
    mx_copy_mixture(&source->form, from, &source->now.state);
    if (!merging)
        return mx_split_all(source, &source->now.state) == MX_DONE;
    mx_rule once = mx_short_rule(1);
    mx_copy_mixture(&source->form, from, &source->ended.state);
    source->ended.lost = 0;
    mx_run_on(source, &once, &source->ended);
    if (source->ended.lost || mx_posterior(source->ground->sample, &source->now.state,
                                           source->responsibilities, source->workspace))
        return 0;
    memcpy(source->now.state.rows, source->ended.state.rows,
           sizeof(double) * source->form.n_components);
    mx_merging_losses(source, &source->now);
    return 1;
}

int64_t mx_neighbour(const mx_ground *ground, const mx_state *from, double objective,
                     double smallest, mx_state *best, double *workspace) {
    int merging = from->n_components > best->n_components;
    mx_stage source = mx_stage_begun(ground, from->n_components, workspace);
    if (!ready(&source, from, merging))
        return 0;
    mx_stage at = mx_stage_begun(
        ground, best->n_components,
        workspace + mx_stage_workspace(ground, merging ? from->n_components : best->n_components));
    mx_rule chasing = mx_rough_rule(ground);
    chasing.best = objective + MX_BETTER;
    int found = 0;
    for (int tried = 0; tried < NEIGHBOURS; tried++) {
        if (!(merging ? merge_one(&source, &at) : part_one(&source, &at)))
            break;
        mx_place *end = &at.ended;
        mx_start_at(&at, end);
        mx_run_on(&at, &chasing, end);
        if (end->lost)
            continue;
        chasing.best = fmax(chasing.best, end->objective);
        chasing.ahead = fmax(chasing.ahead, end->objective);
        if (mx_is_better(&at, end, objective, smallest) &&
            (!found || end->objective > at.now.objective + MX_AS_GOOD)) {
            mx_exchange(&at.now, end);
            found = 1;
        }
    }
    if (found)
        mx_copy_mixture(&at.form, &at.now.state, best);
    return found;
}
