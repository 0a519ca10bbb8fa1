/*
 * Split-and-merge, guided. Pairs are merged in the order of Runnalls' cost, components are split in
 * the order of a lower bound of the gain; the most promising are tried for a few sweeps.
 */
#include <math.h>
#include <string.h>

#include "split.h"
#include "stage.h"

/* How often the best is split and merged, and how many moves of a round may be alike. */
#define ROUNDS 8
#define ALIKE 2
/* Sweeps that all moves are tried for, how many moves go on, and for how many more sweeps. */
#define FIRST_SWEEPS 2
#define HOPEFUL 3
#define MORE_SWEEPS 4
/* A move is run on from where at most so many times its last gain is lacking. */
#define REACH 25.0
#define SPENT 20
/* Merging a pair that costs more than this for each row and the root of D is not tried. */
#define SEPARATE 0.55

int64_t mx_moves_workspace(const mx_ground *ground, int64_t n) {
    mx_problem few = *ground->part;
    few.rows.n_features = ground->n_products;
    int64_t run = mx_run_workspace(ground->sample, n);
    int64_t part = mx_split_workspace(&few, ground->sample, n);
    return 2 * mx_stage_workspace(ground, n) + (run > part ? run : part);
}

static void make_move(mx_stage *at, int64_t first, int64_t other, int64_t split, mx_place *move) {
    int64_t n = at->form.n_components, rows = at->ground->sample->rows.n_rows;
    memcpy(at->after, at->responsibilities, sizeof(double) * n * rows);
    double *merged = at->after + first * rows, *child = at->after + other * rows;
    double *rest = at->after + split * rows;
    const double *second = at->second + split * rows;
    for (int64_t i = 0; i < rows; i++) {
        merged[i] += child[i];
        child[i] = rest[i] * second[i];
        rest[i] -= child[i];
    }
    mx_start_at(at, move);
}

/* The most promising pair to merge and component to part instead, (i n + j) n + k; -1: none. */
static int64_t next_move(const mx_stage *at, const int64_t *made, int64_t n_made) {
    int64_t n = at->form.n_components, chosen = -1;
    double separate = SEPARATE * sqrt((double)at->form.n_columns), most = -INFINITY;
    const double *rows = at->now.state.rows;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) {
            double least = -separate * (rows[i] + rows[j]);
            for (int64_t k = 0; k < n; k++) {
                double bound = at->gains[k] - at->losses[i * n + j];
                if (k == i || k == j || !isfinite(bound) || !(bound > least) || !(bound > most))
                    continue;
                int alike_pairs = 0, alike_splits = 0, same = 0;
                for (int64_t l = 0; l < n_made; l++) {
                    alike_pairs += made[l] / n == i * n + j;
                    alike_splits += made[l] % n == k;
                    same += made[l] == (i * n + j) * n + k;
                }
                if (same || alike_pairs >= ALIKE || alike_splits >= ALIKE)
                    continue;
                most = bound;
                chosen = (i * n + j) * n + k;
            }
        }
    return chosen;
}

/* Makes the most promising moves from the best run; returns how many there are. */
static int64_t make_moves(mx_stage *at) {
    int64_t n = at->form.n_components, made[MX_MOVES], n_made = 0;
    while (n_made < MX_MOVES) {
        int64_t move = next_move(at, made, n_made);
        if (move < 0)
            break;
        make_move(at, move / n / n, move / n % n, move % n, &at->moves[n_made]);
        made[n_made++] = move;
    }
    return n_made;
}

/* Moves components once; returns whether that ended higher, and then in `now`. */
static int bettered(mx_stage *at) {
    mx_merging_losses(at, &at->now);
    if (mx_split_all(at, &at->now.state))
        return 0;
    int64_t n = make_moves(at);
    mx_rule few = mx_short_rule(FIRST_SWEEPS), more = mx_short_rule(MORE_SWEEPS);
    for (int64_t i = 0; i < n; i++)
        mx_run_on(at, &few, &at->moves[i]);
    n = mx_ranked(at->moves, n);
    n = n < HOPEFUL ? n : HOPEFUL;
    for (int64_t i = 0; i < n; i++)
        mx_run_on(at, &more, &at->moves[i]);
    n = mx_ranked(at->moves, n);
    mx_rule chasing = mx_rough_rule(at->ground);
    chasing.best = at->now.objective + MX_BETTER;
    int64_t left = at->now.sweeps > SPENT ? at->now.sweeps : SPENT;
    for (int64_t i = 0; i < n && left > 0; i++) {
        mx_place *move = &at->moves[i];
        if (at->now.objective - move->objective >= REACH * move->gained)
            continue;
        mx_run_on(at, &chasing, move);
        left -= move->sweeps;
        if (!move->lost)
            chasing.best = fmax(chasing.best, move->objective);
        if (mx_is_better(at, move, at->now.objective, at->now.smallest)) {
            mx_exchange(&at->now, move);
            return 1;
        }
    }
    return 0;
}

int64_t mx_split_and_merge(const mx_ground *ground, int64_t n_starts, const mx_state *starts,
                           int64_t *lost, mx_state *best, double *workspace) {
    mx_stage at = mx_stage_begun(ground, best->n_components, workspace);
    mx_rule race = mx_rough_rule(ground);
    for (int64_t i = 0; i < n_starts; i++) {
        mx_place *end = &at.ended;
        mx_copy_mixture(&at.form, &starts[i], &end->state);
        end->lost = 0;
        mx_run_on(&at, &race, end);
        lost[i] = end->lost;
        if (end->lost)
            continue;
        race.best = race.ahead = fmax(race.best, end->objective);
        if (at.now.lost || end->objective > at.now.objective + MX_AS_GOOD)
            mx_exchange(&at.now, end);
    }
    if (at.now.lost)
        return -1;
    int64_t moved = 0;
    while (moved < ROUNDS && at.form.n_components > 2 && bettered(&at))
        moved++;
    mx_copy_mixture(&at.form, &at.now.state, best);
    return moved;
}
