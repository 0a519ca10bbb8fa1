/*
 * A group is fitted as any few rows are: partitions in two views of the rows, a few sweeps of each,
 * the best run on and their components moved, and a last run to the end.
 */
#include "groups.h"

#include <math.h>
#include <string.h>

#include "gaussian.h"
#include "group_rows.h"
#include "group_starts.h"
#include "stage.h"
#include "start.h"

/* Sweeps of a start, and how many starts are run on. */
#define START_SWEEPS 5
#define CARRIED_ON 2
/* A component is flat where the prior has so much of its scatter. */
#define MOSTLY 0.5
/* Mixtures have joined where shares differ by no more, and means in units of the columns. */
#define JOINED 0.1
/* A run is not thought to gain more than so many times what it gained in so many sweeps lately. */
#define HOPE 20.0
#define HOPEFUL_TIMES 4.0
#define LATELY 5
#define TWO_PI 6.283185307179586

typedef struct {
    const mx_grouped *asked;
    mx_form form;
    mx_group_rows rows;
    const double *weights; /* of the group's rows, or NULL */
    uint64_t *keys, *table;
    uint32_t *short_keys;
    int64_t *labels; /* (n_starts, n padded) */
    double *history;
    mx_state *tries;
    mx_source *sources;
    mx_state best;
    double log_likelihood; /* of it */
    double *objectives, *workspace;
    mx_problem problem;
    mx_ground ground;
} group;

static mx_problem problem_like(const group *at, int64_t n_rows) {
    const mx_grouped *asked = at->asked;
    return (mx_problem){.rows = {.phi = at->rows.features,
                                 .weights = at->weights,
                                 .n_rows = n_rows,
                                 .stride = n_rows,
                                 .n_features = at->form.n_features},
                        .n_columns = asked->n_columns,
                        .structure = asked->structure,
                        .total_weight = (double)n_rows,
                        .constant = -0.5 * log(TWO_PI) * (double)asked->n_columns,
                        .second = at->rows.second,
                        .unit = at->rows.unit,
                        .prior_rows = asked->prior_share * (double)n_rows,
                        .prior_scatter = at->rows.own,
                        .concentration = 1,
                        .floor = asked->floor,
                        .borrowed_rows = asked->least_rows};
}

static void laid_out(group *at, const mx_grouped *asked, int64_t most, mx_workspace *from) {
    int64_t n = asked->n_components, d = asked->n_columns, starts = asked->n_starts;
    *at = (group){.asked = asked, .form = mx_form_of(asked->structure, n, d)};
    at->rows = mx_group_rows_in(&at->form, most, from);
    at->keys = (uint64_t *)mx_taken(from, most);
    at->short_keys = (uint32_t *)mx_taken(from, most);
    at->table = (uint64_t *)mx_taken(from, 4 * most);
    at->labels = (int64_t *)mx_taken(from, starts * mx_padded(most));
    at->history = mx_taken(from, 3 * (asked->most_sweeps + START_SWEEPS));
    at->tries = (mx_state *)mx_lines(from, (int64_t)sizeof(mx_state) * starts);
    for (int64_t i = 0; i < starts; i++) {
        mx_state state = mx_state_in(&at->form, at->history, from);
        if (from->start)
            at->tries[i] = state;
    }
    at->sources = (mx_source *)mx_lines(from, (int64_t)sizeof(mx_source) * starts);
    at->best = mx_state_in(&at->form, at->history, from);
    at->objectives = mx_taken(from, starts);
    at->workspace = mx_taken(from, 0);
}

int64_t mx_groups_workspace(const mx_grouped *asked, int64_t most) {
    mx_workspace counted = {0};
    group at;
    laid_out(&at, asked, most, &counted);
    int64_t n = asked->n_components;
    at.problem = problem_like(&at, most);
    at.ground = (mx_ground){.sample = &at.problem,
                            .part = &at.problem,
                            .n_products = at.rows.n_products,
                            .most_sweeps = asked->most_sweeps};
    int64_t needed = mx_larger(mx_run_workspace(&at.problem, n), mx_moves_workspace(&at.ground, n));
    needed = mx_larger(needed, mx_try_workspace(&at.problem, n, START_SWEEPS));
    needed = mx_larger(needed, mx_partition_workspace(asked->n_columns, n, mx_padded(most)));
    needed = mx_larger(needed, mx_update_workspace(MX_VVV, 1, asked->n_columns));
    return counted.used + needed;
}

/* Whether two mixtures are on their way to one end: shares and means are all but the same. */
static int has_joined(const group *at, const mx_state *one, const mx_state *other) {
    int64_t n = at->asked->n_components, d = at->asked->n_columns;
    for (int64_t k = 0; k < n; k++) {
        if (fabs(one->log_weights[k] - other->log_weights[k]) > JOINED)
            return 0;
        for (int64_t j = 0; j < d; j++)
            if (fabs(one->means[k * d + j] - other->means[k * d + j]) > JOINED * at->rows.spread[j])
                return 0;
    }
    return 1;
}

/* Puts the best of what starts led to in front; returns how many are to be run on. */
static int64_t promising(group *at, int64_t n_starts) {
    int64_t carried = 0;
    for (int64_t left = n_starts; carried < CARRIED_ON && left > 0; left--) {
        int64_t most = carried;
        for (int64_t i = carried + 1; i < carried + left; i++)
            if (at->objectives[i] > at->objectives[most] + MX_AS_GOOD)
                most = i;
        if (!(at->objectives[most] > -INFINITY))
            break;
        mx_state state = at->tries[most];
        double objective = at->objectives[most];
        int joined = 0;
        for (int64_t i = 0; i < carried; i++)
            joined |= has_joined(at, &at->tries[i], &state);
        int64_t place = joined ? carried + left - 1 : carried;
        at->tries[most] = at->tries[place];
        at->objectives[most] = at->objectives[place];
        at->tries[place] = state;
        at->objectives[place] = objective;
        carried += !joined;
    }
    return carried;
}

/* Tries starts up to so many for a few sweeps, but for those that are known; returns how many there
 * are. */
static int64_t tried(group *at, int64_t n_rows, int64_t first, int64_t last, int64_t before) {
    const mx_grouped *asked = at->asked;
    int64_t count = before;
    for (int64_t i = first; i < last; i++) {
        mx_points of = mx_view_of(&at->rows, i % MX_VIEWS, n_rows, at->short_keys);
        count += mx_new_partition(&of, asked->n_components,
                                  (uint32_t)asked->seed * 0x9e3779b9u + (uint32_t)i, count,
                                  at->labels, at->workspace);
    }
    for (int64_t i = before; i < count; i++)
        at->sources[i] = (mx_source){.labels = at->labels + i * mx_padded(n_rows)};
    mx_try(&at->problem, count - before, at->sources + before, START_SWEEPS, at->tries + before,
           at->objectives + before, at->workspace);
    return count;
}

/* Whether a component has so little width that the prior keeps it. */
static int is_flat(const group *at, int64_t k) {
    int64_t d = at->asked->n_columns;
    const mx_problem *problem = &at->problem;
    int64_t width = at->form.spherical ? 1 : at->form.one;
    const double *factor = at->best.factors + k * width;
    double within = 0;
    for (int64_t j = 0; j < d; j++) {
        if (!at->form.full) {
            double root = factor[at->form.spherical ? 0 : j];
            within = fmax(within, root * root * problem->prior_scatter[j]);
            continue;
        }
        for (int64_t i = 0; i < d; i++)
            for (int64_t l = 0; l < d; l++)
                within += factor[i * d + j] * problem->prior_scatter[i * d + l] * factor[l * d + j];
    }
    return !(within <= MOSTLY * (at->best.rows[k] + problem->prior_rows));
}

static mx_rule last_rule(const mx_grouped *asked) {
    return (mx_rule){.most_sweeps = asked->most_sweeps,
                     .accelerate = 1,
                     .no_bound = 1,
                     .nats = asked->nats,
                     .relative = asked->relative,
                     .mean_change = -1,
                     .best = -INFINITY,
                     .reach = INFINITY,
                     .lately = LATELY,
                     .hope = HOPE,
                     .ahead = -INFINITY};
}

static void exchange(mx_state *one, mx_state *other) {
    mx_state kept = *one;
    *one = *other;
    *other = kept;
}

/* Log-likelihood and objective of the last sweep, until another run is made. */
static const double *last_of(const mx_state *state) {
    return state->history + 3 * (state->n_steps - 1);
}

/* Runs a mixture on; returns its objective, or minus infinity where that says nothing. */
static double run_on(group *at, const mx_rule *rule, mx_state *state) {
    mx_run(&at->problem, rule, state, at->workspace);
    if (state->ending == MX_ENDED_HARD || state->ending == MX_ENDED_FLAT)
        return -INFINITY;
    for (int64_t k = 0; k < state->n_components; k++)
        if (!(state->rows[k] > at->ground.least_rows))
            return -INFINITY;
    return last_of(state)[1];
}

/*
 * Of two components none is to be moved: the most promising start is run to its end, and others on
 * while they may end above it. Returns 0 where components have too few rows, which is to be
 * weighed.
 */
static int better_of_few(group *at, int64_t carried) {
    mx_rule rule = last_rule(at->asked), chasing = mx_rough_rule(&at->ground);
    exchange(&at->best, &at->tries[0]);
    double objective = run_on(at, &rule, &at->best);
    if (!(objective > -INFINITY))
        return 0;
    at->log_likelihood = last_of(&at->best)[0];
    for (int64_t i = 1; i < carried; i++) {
        /* What has joined it, or cannot hope to reach it, leads nowhere else. */
        double hoped = at->objectives[i] + HOPEFUL_TIMES * at->tries[i].gain_left;
        if (hoped < objective || has_joined(at, &at->best, &at->tries[i]))
            continue;
        chasing.best = objective + MX_BETTER;
        if (!(run_on(at, &chasing, &at->tries[i]) > objective))
            continue;
        double ended = run_on(at, &rule, &at->tries[i]);
        if (ended > objective) {
            objective = ended;
            at->log_likelihood = last_of(&at->tries[i])[0];
            exchange(&at->best, &at->tries[i]);
        }
    }
    return 1;
}

/* From the ends of starts to that of the last run, in `best`; 0 where all are MX_HARD. */
static int best_of_many(group *at, int64_t carried) {
    int64_t lost[CARRIED_ON];
    if (mx_split_and_merge(&at->ground, carried, at->tries, lost, &at->best, at->workspace) < 0)
        return 0;
    mx_rule rule = last_rule(at->asked);
    mx_run(&at->problem, &rule, &at->best, at->workspace);
    if (at->best.n_steps)
        at->log_likelihood = last_of(&at->best)[0];
    return 1;
}

/* From starts to the end of the last run, in `best`. */
static int run_to_end(group *at, int64_t n_rows, int64_t n_distinct) {
    const mx_grouped *asked = at->asked;
    int64_t n = asked->n_components;
    at->problem = problem_like(at, n_rows);
    at->problem.far = MX_RUNS_FAR;
    at->ground = (mx_ground){.sample = &at->problem,
                             .part = &at->problem,
                             .n_products = at->rows.n_products,
                             .spread = at->rows.spread,
                             .fewest_rows = asked->fewest_rows,
                             .least_rows = asked->least_rows * (double)n_rows / (double)n_distinct,
                             .factor_of_all = at->rows.factor_of_all,
                             .most_sweeps = asked->most_sweeps};
    int64_t first = asked->n_starts < MX_VIEWS ? asked->n_starts : MX_VIEWS;
    int64_t starts = tried(at, n_rows, 0, first, 0), carried = promising(at, starts);
    /* Where starts in each view agree, others would as a rule. */
    if (carried != 1) {
        starts = tried(at, n_rows, first, asked->n_starts, starts);
        carried = promising(at, starts);
    }
    for (int64_t i = 0; i < starts; i++)
        at->tries[i].history = at->history;
    if (!carried || !((n < 3 && better_of_few(at, carried)) || best_of_many(at, carried)))
        return MX_GROUP_HARD;
    for (int64_t k = 0; k < n; k++)
        if (at->best.ending == MX_ENDED_HARD || is_flat(at, k))
            return MX_GROUP_HARD;
    switch (at->best.ending) {
    case MX_ENDED_RULE: return MX_GROUP_CONVERGED;
    case MX_ENDED_LIMIT: {
        /* It is a step past the last sweep. */
        int lost = mx_look_at(&at->problem, &at->best, &at->log_likelihood, at->workspace);
        return lost ? MX_GROUP_HARD : MX_GROUP_LIMIT;
    }
    case MX_ENDED_ROUNDING: return MX_GROUP_ROUNDING;
    default: return MX_GROUP_HARD;
    }
}

static void told(const group *at, int64_t g, const mx_group_fits *fits) {
    int64_t n = at->asked->n_components, d = at->asked->n_columns;
    const mx_state *best = &at->best;
    memcpy(fits->log_weights + g * n, best->log_weights, sizeof(double) * n);
    memcpy(fits->effective_rows + g * n, best->rows, sizeof(double) * n);
    memcpy(fits->factors + g * at->form.n_factors, best->factors,
           sizeof(double) * at->form.n_factors);
    for (int64_t i = 0; i < n * d; i++)
        fits->means[g * n * d + i] = best->means[i] + at->rows.origin[i % d];
    fits->log_likelihood[g] = at->log_likelihood;
    fits->log_largest[g] = best->values[1];
    fits->gain_left[g] = best->gain_left;
    fits->n_sweeps[g] = best->n_steps + best->n_rejected;
}

static int fitted(group *at, int64_t n_rows, const double *cells, int64_t n_distinct) {
    const mx_grouped *asked = at->asked;
    if (mx_group_features(&at->rows, n_rows, cells, at->weights))
        return MX_GROUP_CONSTANT;
    if (n_distinct < asked->fewest_distinct)
        return MX_GROUP_FEW;
    if (mx_group_measures(&at->rows, asked->prior_share, asked->one_scale, n_rows, at->weights) ||
        mx_group_views(&at->rows, n_rows, at->workspace))
        return MX_GROUP_HARD;
    return run_to_end(at, n_rows, n_distinct);
}

void mx_fit_groups(const mx_grouped *asked, const int64_t *bounds, int64_t first, int64_t last,
                   const mx_group_fits *fits, double *workspace) {
    int64_t most = 0;
    for (int64_t g = first; g < last; g++)
        if (bounds[g + 1] - bounds[g] <= asked->most_rows)
            most = mx_larger(most, bounds[g + 1] - bounds[g]);
    mx_workspace from = {.start = workspace};
    group at;
    laid_out(&at, asked, most, &from);
    for (int64_t g = first; g < last; g++) {
        int64_t n_rows = bounds[g + 1] - bounds[g];
        const double *cells = asked->cells + bounds[g] * asked->n_columns;
        at.weights = asked->weights ? asked->weights + bounds[g] : 0;
        fits->n_distinct[g] = n_rows;
        fits->outcome[g] = MX_GROUP_HARD;
        if (n_rows < 1 || n_rows > asked->most_rows)
            continue;
        mx_row_keys(n_rows, asked->n_columns, cells, at.keys, at.short_keys);
        fits->n_distinct[g] = mx_count_distinct(n_rows, at.keys, at.table);
        int outcome = fitted(&at, n_rows, cells, fits->n_distinct[g]);
        fits->outcome[g] = outcome;
        if (outcome <= MX_GROUP_ROUNDING)
            told(&at, g, fits);
    }
}
