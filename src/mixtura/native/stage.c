#include "stage.h"

#include <math.h>
#include <string.h>

#include "split.h"

/* What a run may have left to gain, in nats, when it is split and merged, and of its objective. */
#define ROUGH 0.3
#define RELATIVE 1e-9
/* A run of a race is not thought to gain more than so many times what it gained lately. */
#define LONGEST 4.0
#define LATELY 5
#define HOPE 20.0
/* Sweeps that there is always workspace to record. */
#define FEW_SWEEPS 8
/* EM steps of children. */
#define STEPS 4

mx_state mx_state_in(const mx_form *form, double *history, mx_workspace *workspace) {
    int64_t n = form->n_components, d = form->n_columns;
    return (mx_state){.n_components = n,
                      .log_weights = mx_taken(workspace, n),
                      .means = mx_taken(workspace, n * d),
                      .factors = mx_taken(workspace, form->n_factors),
                      .axes = mx_taken(workspace, d * d),
                      .sums = mx_taken(workspace, n * form->n_features),
                      .squared = mx_taken(workspace, n),
                      .entropy = mx_taken(workspace, n),
                      .rows = mx_taken(workspace, n),
                      .centres = mx_taken(workspace, n * d),
                      .scatter = mx_taken(workspace, form->n_scatter),
                      .history = history};
}

static mx_place place_in(const mx_form *form, double *history, mx_workspace *workspace) {
    return (mx_place){.state = mx_state_in(form, history, workspace), .lost = 1};
}

/* Sweeps that there is workspace to record. */
static int64_t history_of(const mx_ground *ground) {
    return ground->most_sweeps > FEW_SWEEPS ? ground->most_sweeps : FEW_SWEEPS;
}

static mx_stage laid_out(const mx_ground *ground, int64_t n, mx_workspace *workspace) {
    mx_stage at = {.ground = ground, .every = *ground->sample, .few = *ground->part};
    at.every.rows.n_features = at.few.rows.n_features = ground->n_products;
    at.form = mx_form_for(ground->sample, n);
    int64_t rows = ground->sample->rows.n_rows;
    at.history = mx_taken(workspace, 3 * history_of(ground));
    at.now = place_in(&at.form, at.history, workspace);
    at.ended = place_in(&at.form, at.history, workspace);
    at.wide = place_in(&at.form, at.history, workspace);
    for (int i = 0; i < MX_MOVES; i++)
        at.moves[i] = place_in(&at.form, at.history, workspace);
    at.losses = mx_taken(workspace, n * n);
    at.gains = mx_taken(workspace, n);
    at.responsibilities = mx_taken(workspace, n * rows);
    at.second = mx_taken(workspace, n * rows);
    at.after = mx_taken(workspace, n * rows);
    return at;
}

int64_t mx_stage_workspace(const mx_ground *ground, int64_t n) {
    mx_workspace counted = {0};
    laid_out(ground, n, &counted);
    return counted.used;
}

mx_stage mx_stage_begun(const mx_ground *ground, int64_t n, double *workspace) {
    mx_workspace from = {.start = workspace};
    mx_stage at = laid_out(ground, n, &from);
    at.workspace = mx_taken(&from, 0);
    return at;
}

void mx_copy_mixture(const mx_form *form, const mx_state *from, mx_state *to) {
    int64_t n = form->n_components, d = form->n_columns;
    memcpy(to->log_weights, from->log_weights, sizeof(double) * n);
    memcpy(to->means, from->means, sizeof(double) * n * d);
    memcpy(to->factors, from->factors, sizeof(double) * form->n_factors);
    if (form->common_axes)
        memcpy(to->axes, from->axes, sizeof(double) * d * d);
}

/* Makes one mx_place another's, and the other free. */
void mx_exchange(mx_place *one, mx_place *other) {
    mx_place kept = *one;
    *one = *other;
    *other = kept;
}

mx_rule mx_rough_rule(const mx_ground *ground) {
    return (mx_rule){.most_sweeps = ground->most_sweeps,
                     .accelerate = 1,
                     .steps_past = 1,
                     .no_bound = 1,
                     .nats = ROUGH,
                     .relative = RELATIVE,
                     .mean_change = -1,
                     .best = -INFINITY,
                     .reach = LONGEST,
                     .lately = LATELY,
                     .ahead = -INFINITY,
                     .hope = HOPE};
}

mx_rule mx_short_rule(int64_t sweeps) {
    return (mx_rule){.most_sweeps = sweeps,
                     .never = 1,
                     .steps_past = 1,
                     .no_bound = 1,
                     .mean_change = -1,
                     .best = -INFINITY,
                     .ahead = -INFINITY,
                     .lately = LATELY};
}

int mx_look_at(const mx_problem *problem, mx_state *state, double *log_likelihood,
               double *workspace) {
    const mx_rule once = {.most_sweeps = 1, .mean_change = -1, .best = INFINITY};
    mx_state before = *state;
    mx_run(problem, &once, state, workspace);
    int lost = state->ending != MX_ENDED_RULE;
    if (!lost)
        *log_likelihood = state->history[0];
    state->n_steps = before.n_steps;
    state->n_rejected = before.n_rejected;
    state->gain_left = before.gain_left;
    state->ending = before.ending;
    return lost ? MX_HARD : MX_DONE;
}

/* Ends of which no component has rows enough are below all others by so many nats. */
#define ALONE 1e9

/* Widens components on too few rows to the width of all; returns how many there are. */
static int64_t widened(const mx_stage *at, const mx_state *from, mx_state *to) {
    const mx_form *form = &at->form;
    const mx_ground *ground = at->ground;
    int64_t width = form->spherical ? 1 : form->one, count = 0;
    for (int64_t k = 0; k < form->n_components; k++) {
        if (!(from->rows[k] <= ground->least_rows))
            continue;
        if (!count++)
            mx_copy_mixture(form, from, to);
        memcpy(to->factors + k * width, ground->factor_of_all, sizeof(double) * width);
    }
    return count;
}

/* What a run is worth: its objective, with components on too few rows as wide as all rows. */
static double worth(mx_stage *at, const mx_place *place) {
    mx_state *wide = &at->wide.state;
    int64_t count = widened(at, &place->state, wide);
    if (!count || count == at->form.n_components)
        return place->objective - (count ? ALONE : 0);
    mx_rule once = mx_short_rule(1);
    mx_run(at->ground->sample, &once, wide, at->workspace);
    return wide->n_steps ? wide->history[1] : -INFINITY;
}

void mx_run_on(mx_stage *at, const mx_rule *rule, mx_place *from) {
    if (from->lost)
        return;
    mx_state *state = &from->state;
    mx_run(at->ground->sample, rule, state, at->workspace);
    from->lost = state->ending == MX_ENDED_HARD || state->ending == MX_ENDED_FLAT;
    if (from->lost)
        return;
    const double *last = state->history + 3 * (state->n_steps - 1) + 1;
    from->objective = last[0];
    from->gained = state->n_steps > 1 ? last[0] - last[-3] : INFINITY;
    from->sweeps = state->n_steps;
    from->smallest = INFINITY;
    for (int64_t k = 0; k < at->form.n_components; k++)
        from->smallest = fmin(from->smallest, state->rows[k]);
    from->objective = worth(at, from);
    from->lost = !isfinite(from->objective);
}

/* Puts the best of the first places in front: the first that is as good as any. */
static int put_best_first(mx_place *places, int64_t n) {
    double most = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (!places[i].lost)
            most = fmax(most, places[i].objective);
    for (int64_t i = 0; i < n; i++)
        if (!places[i].lost && places[i].objective >= most - MX_AS_GOOD) {
            mx_place chosen = places[i];
            memmove(places + 1, places, sizeof(mx_place) * i);
            places[0] = chosen;
            return 1;
        }
    return 0;
}

int64_t mx_ranked(mx_place *places, int64_t n) {
    int64_t found = 0;
    while (found < n && put_best_first(places + found, n - found))
        found++;
    return found;
}

int mx_is_better(const mx_stage *at, const mx_place *now, double objective, double smallest) {
    return !now->lost && now->objective > objective + MX_BETTER &&
           now->smallest >= fmin(at->ground->fewest_rows, smallest);
}

int mx_split_all(mx_stage *at, const mx_state *state) {
    return mx_split_components(&at->few, &at->every, at->ground->spread, at->ground->fewest_rows,
                               STEPS, state, at->gains, at->responsibilities, at->second,
                               at->workspace);
}

void mx_start_at(mx_stage *at, mx_place *move) {
    int64_t rows = at->ground->sample->rows.n_rows;
    move->lost =
        mx_start(at->ground->sample, at->after, 1, rows, &move->state, at->workspace) != MX_DONE;
}
