/*
 * Guided merge and split. Pairs are merged in the order of Runnalls' cost, components are parted in
 * the order of a lower bound of the gain; the most promising are tried for a few sweeps.
 */
#include "moves.h"

#include <math.h>
#include <string.h>

#include "gaussian.h"
#include "part.h"

/* What a run may have left to gain, in nats, when it is rearranged, and of its objective. */
#define ROUGH 0.3
#define RELATIVE 1e-9
/* A run of a race is not thought to gain more than so many times what it gained lately. */
#define LONGEST 4.0
#define LATELY 5
#define HOPE 20.0
/* By how much a rearrangement must be better, as neither has come to its end. */
#define BETTER 0.5
/* Objectives this close are equally good: rounding must not choose. */
#define AS_GOOD 1e-3
/* How often the best is rearranged, how many moves are tried each time, and how alike. */
#define ROUNDS 8
#define MOVES 6
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
/* Rows' own scatter against that of pseudo-rows, below which a width is mostly the prior's. */
#define HELD_UP 2.0
/* EM steps of halves, and how many neighbours are tried. */
#define STEPS 4
#define NEIGHBOURS 2

/* A mixture, and what is known of the run that it is the end of. */
typedef struct {
    mx_state state;
    double objective, gained, smallest;
    int64_t sweeps, number;
    int held_up, lost;
} place;

typedef struct {
    const mx_ground *ground;
    mx_problem every; /* the sample with all products */
    mx_problem few;   /* and the part */
    mx_form form;
    mx_model bound;
    place now, ended, moves[MOVES];
    double *losses, *gains, *shares, *second, *after, *history, *room;
} work;

static double *taken(double **room, int64_t count) {
    double *from = *room;
    *room += count;
    return from;
}

static int64_t place_size(const mx_form *form) {
    int64_t n = form->n_components, d = form->n_columns;
    return n * (1 + d + form->n_features + 1 + 1 + d) + form->n_factors + d * d + form->n_scatter;
}

static place place_in(const mx_form *form, double *history, double **room) {
    int64_t n = form->n_components, d = form->n_columns;
    place at = {.lost = 1};
    at.state = (mx_state){.n_components = n,
                          .log_weights = taken(room, n),
                          .means = taken(room, n * d),
                          .factors = taken(room, form->n_factors),
                          .axes = taken(room, d * d),
                          .sums = taken(room, n * form->n_features),
                          .squared = taken(room, n),
                          .rows = taken(room, n),
                          .centres = taken(room, n * d),
                          .scatter = taken(room, form->n_scatter),
                          .history = history};
    return at;
}

/* Sweeps that there is room to record. */
static int64_t history_of(const mx_ground *ground) {
    return ground->most_sweeps > MORE_SWEEPS ? ground->most_sweeps : MORE_SWEEPS;
}

static int64_t of_all(const mx_ground *ground, int64_t n) {
    mx_form form = mx_form_of(ground->sample->structure, n, ground->sample->n_columns);
    int64_t d = form.n_columns, rows = ground->sample->rows.n_rows;
    int64_t model = n * (1 + d + form.n_features) + form.n_factors + d * d;
    return (MOVES + 2) * place_size(&form) + model + n * n + n + 3 * n * rows +
           3 * history_of(ground);
}

int64_t mx_moves_room(const mx_ground *ground, int64_t n) {
    mx_problem few = *ground->part;
    few.rows.n_features = ground->n_products;
    int64_t run = mx_run_room(ground->sample, n), part = mx_part_room(&few, n);
    return 2 * of_all(ground, n) + (run > part ? run : part);
}

static work begun(const mx_ground *ground, int64_t n, double *room) {
    work at = {.ground = ground, .every = *ground->sample, .few = *ground->part};
    at.every.rows.n_features = at.few.rows.n_features = ground->n_products;
    at.form = mx_form_of(ground->sample->structure, n, ground->sample->n_columns);
    int64_t d = at.form.n_columns, rows = ground->sample->rows.n_rows;
    at.history = taken(&room, 3 * history_of(ground));
    at.now = place_in(&at.form, at.history, &room);
    at.ended = place_in(&at.form, at.history, &room);
    for (int i = 0; i < MOVES; i++)
        at.moves[i] = place_in(&at.form, at.history, &room);
    at.bound = (mx_model){.log_weights = taken(&room, n),
                          .means = taken(&room, n * d),
                          .factors = taken(&room, at.form.n_factors),
                          .axes = taken(&room, d * d),
                          .theta = taken(&room, n * at.form.n_features)};
    at.losses = taken(&room, n * n);
    at.gains = taken(&room, n);
    at.shares = taken(&room, n * rows);
    at.second = taken(&room, n * rows);
    at.after = taken(&room, n * rows);
    at.room = room;
    return at;
}

static void copy_mixture(const mx_form *form, const mx_state *from, mx_state *to) {
    int64_t n = form->n_components, d = form->n_columns;
    memcpy(to->log_weights, from->log_weights, sizeof(double) * n);
    memcpy(to->means, from->means, sizeof(double) * n * d);
    memcpy(to->factors, from->factors, sizeof(double) * form->n_factors);
    if (form->common_axes)
        memcpy(to->axes, from->axes, sizeof(double) * d * d);
}

/* Makes one place another's, and the other free. */
static void exchange(place *one, place *other) {
    place kept = *one;
    *one = *other;
    *other = kept;
}

static int is_definite(int64_t d, double *matrix) {
    for (int64_t j = 0; j < d; j++) {
        for (int64_t l = 0; l < j; l++)
            matrix[j * d + j] -= matrix[j * d + l] * matrix[j * d + l];
        if (!(matrix[j * d + j] > 0))
            return 0;
        double root = matrix[j * d + j] = sqrt(matrix[j * d + j]);
        for (int64_t i = j + 1; i < d; i++) {
            for (int64_t l = 0; l < j; l++)
                matrix[i * d + j] -= matrix[i * d + l] * matrix[j * d + l];
            matrix[i * d + j] /= root;
        }
    }
    return 1;
}

/* Whether a component is as narrow in some direction as the prior lets it be. */
static int is_held_up(const mx_problem *problem, const mx_form *form, const mx_state *state) {
    int64_t d = form->n_columns;
    const double *prior = problem->prior_scatter, *factor = state->factors;
    double matrix[MX_MOST_COLUMNS * MX_MOST_COLUMNS], half[MX_MOST_COLUMNS];
    for (int64_t k = 0; problem->prior_rows > 0 && k < form->n_components; k++) {
        double most = (state->rows[k] + problem->prior_rows) / HELD_UP, mean = 0;
        if (!form->full) {
            for (int64_t i = 0; i < d; i++) {
                double own = form->spherical ? factor[k] : factor[k * d + i];
                mean += own * own * prior[i] / d;
                if (!form->spherical && own * own * prior[i] > most)
                    return 1;
            }
            if (form->spherical && mean > most)
                return 1;
            continue;
        }
        const double *own = factor + k * d * d;
        for (int64_t j = 0; j < d; j++) {
            for (int64_t i = 0; i < d; i++) {
                half[i] = 0;
                for (int64_t l = 0; l <= j; l++)
                    half[i] += prior[i * d + l] * own[l * d + j];
            }
            for (int64_t i = 0; i < d; i++) {
                double sum = 0;
                for (int64_t l = 0; l <= i; l++)
                    sum += own[l * d + i] * half[l];
                matrix[i * d + j] = (i == j ? most : 0) - sum;
            }
        }
        if (!is_definite(d, matrix))
            return 1;
    }
    return 0;
}

static mx_rule rough_rule(const mx_ground *ground, int accelerate) {
    return (mx_rule){.most_sweeps = ground->most_sweeps,
                     .accelerate = accelerate,
                     .steps_past = 1,
                     .nats = ROUGH,
                     .relative = RELATIVE,
                     .mean_change = -1,
                     .best = -INFINITY,
                     .reach = LONGEST,
                     .lately = LATELY,
                     .ahead = -INFINITY,
                     .hope = HOPE};
}

static mx_rule short_rule(int64_t sweeps) {
    return (mx_rule){.most_sweeps = sweeps, .never = 1, .steps_past = 1, .mean_change = -1,
                     .best = -INFINITY, .ahead = -INFINITY, .lately = LATELY};
}

/* Runs on from a place, which is lost where it is MX_HARD. */
static void run_on(work *at, const mx_rule *rule, place *from) {
    if (from->lost)
        return;
    mx_state *state = &from->state;
    mx_run(at->ground->sample, rule, state, at->room);
    from->lost = state->ending == MX_ENDED_HARD;
    if (from->lost)
        return;
    const double *last = state->history + 3 * (state->n_steps - 1) + 1;
    from->objective = last[0];
    from->gained = state->n_steps > 1 ? last[0] - last[-3] : INFINITY;
    from->sweeps = state->n_steps;
    from->held_up = is_held_up(at->ground->sample, &at->form, state);
    from->smallest = INFINITY;
    for (int64_t k = 0; k < at->form.n_components; k++)
        from->smallest = fmin(from->smallest, state->rows[k]);
}

/* Puts the best of the first places in front: the first that is as good as any. */
static int put_best_first(place *places, int64_t n) {
    double most = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (!places[i].lost)
            most = fmax(most, places[i].objective);
    for (int64_t i = 0; i < n; i++)
        if (!places[i].lost && places[i].objective >= most - AS_GOOD) {
            place chosen = places[i];
            memmove(places + 1, places, sizeof(place) * i);
            places[0] = chosen;
            return 1;
        }
    return 0;
}

/* Sorts places, best first; returns how many are not lost. */
static int64_t ranked(place *places, int64_t n) {
    int64_t found = 0;
    while (found < n && put_best_first(places + found, n - found))
        found++;
    return found;
}

static int is_better(const work *at, const place *now, double objective, double smallest) {
    return !now->lost && now->objective > objective + BETTER &&
           now->smallest >= fmin(at->ground->fewest_rows, smallest) && !now->held_up;
}

static void covariance_of(const mx_form *form, const double *factor, double *covariance) {
    int64_t d = form->n_columns;
    double inverse[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    mx_upper_inverse(d, factor, inverse);
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t l = 0; l <= j; l++)
                sum += inverse[l * d + i] * inverse[l * d + j];
            covariance[i * d + j] = covariance[j * d + i] = sum;
        }
}

/* log|Sigma| of two components as one, of which the first has a share. */
static double joint_volume(const mx_form *form, const double *one, const double *other,
                           const double *means, const double *others, double share) {
    int64_t d = form->n_columns;
    double weight = share * (1 - share), volume = 0, mean = 0;
    double joint[MX_MOST_COLUMNS * MX_MOST_COLUMNS];
    if (form->full) {
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++)
                joint[i * d + j] = share * one[i * d + j] + (1 - share) * other[i * d + j] +
                                   weight * (means[i] - others[i]) * (means[j] - others[j]);
        if (!is_definite(d, joint))
            return INFINITY;
        for (int64_t i = 0; i < d; i++)
            volume += 2 * log(joint[i * d + i]);
        return volume;
    }
    for (int64_t i = 0; i < d; i++) {
        double gap = means[i] - others[i];
        double a = form->spherical ? one[0] : one[i], b = form->spherical ? other[0] : other[i];
        double within = share / (a * a) + (1 - share) / (b * b) + weight * gap * gap;
        mean += within / d;
        volume += log(within);
    }
    return form->spherical ? d * log(mean) : volume;
}

/* Runnalls' cost of every pair (K, K), in nats. */
static void merging_losses(work *at, const place *now) {
    const mx_form *form = &at->form;
    int64_t n = form->n_components, d = form->n_columns, width = form->spherical ? 1 : form->one;
    const mx_state *state = &now->state;
    double *spreads = at->room, *volumes = spreads + n * width;
    for (int64_t k = 0; k < n; k++) {
        const double *factor = state->factors + k * width;
        volumes[k] = 0;
        for (int64_t i = 0; i < d; i++)
            volumes[k] -= 2 * log(form->full ? factor[i * d + i] : factor[form->spherical ? 0 : i]);
        if (form->full)
            covariance_of(form, factor, spreads + k * width);
        else
            memcpy(spreads + k * width, factor, sizeof(double) * width);
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t l = 0; l <= k; l++) {
            double a = state->rows[k], b = state->rows[l];
            double volume = joint_volume(form, spreads + k * width, spreads + l * width,
                                         state->means + k * d, state->means + l * d, a / (a + b));
            double loss = 0.5 * ((a + b) * volume - a * volumes[k] - b * volumes[l]);
            at->losses[k * n + l] = at->losses[l * n + k] = k == l ? 0 : loss;
        }
}

static int part_all(work *at, const mx_state *state) {
    return mx_part(&at->few, &at->every, at->ground->spread, at->ground->fewest_rows, STEPS, state,
                   at->gains, at->shares, at->second, at->room);
}

/* The M-step from responsibilities (K, n) in `after`. */
static void start_at(work *at, place *move) {
    int64_t rows = at->ground->sample->rows.n_rows;
    move->lost = mx_start(at->ground->sample, at->after, 1, rows, &move->state, at->room) != MX_DONE;
}

static void make_move(work *at, int64_t first, int64_t other, int64_t split, place *move) {
    int64_t n = at->form.n_components, rows = at->ground->sample->rows.n_rows;
    memcpy(at->after, at->shares, sizeof(double) * n * rows);
    double *merged = at->after + first * rows, *half = at->after + other * rows;
    double *rest = at->after + split * rows;
    const double *second = at->second + split * rows;
    for (int64_t i = 0; i < rows; i++) {
        merged[i] += half[i];
        half[i] = rest[i] * second[i];
        rest[i] -= half[i];
    }
    start_at(at, move);
}

/* The most promising pair to merge and component to part instead, (i n + j) n + k; -1: none. */
static int64_t next_move(const work *at, const int64_t *made, int64_t n_made) {
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
static int64_t make_moves(work *at) {
    int64_t n = at->form.n_components, made[MOVES], n_made = 0;
    while (n_made < MOVES) {
        int64_t move = next_move(at, made, n_made);
        if (move < 0)
            break;
        make_move(at, move / n / n, move / n % n, move % n, &at->moves[n_made]);
        made[n_made++] = move;
    }
    return n_made;
}

/* Moves components once; returns whether that ended higher, and then in `now`. */
static int bettered(work *at) {
    merging_losses(at, &at->now);
    if (part_all(at, &at->now.state))
        return 0;
    int64_t n = make_moves(at);
    mx_rule few = short_rule(FIRST_SWEEPS), more = short_rule(MORE_SWEEPS);
    for (int64_t i = 0; i < n; i++)
        run_on(at, &few, &at->moves[i]);
    n = ranked(at->moves, n);
    n = n < HOPEFUL ? n : HOPEFUL;
    for (int64_t i = 0; i < n; i++)
        run_on(at, &more, &at->moves[i]);
    n = ranked(at->moves, n);
    mx_rule chasing = rough_rule(at->ground, 1);
    chasing.best = at->now.objective + BETTER;
    int64_t left = at->now.sweeps > SPENT ? at->now.sweeps : SPENT;
    for (int64_t i = 0; i < n && left > 0; i++) {
        place *move = &at->moves[i];
        if (at->now.objective - move->objective >= REACH * move->gained)
            continue;
        run_on(at, &chasing, move);
        left -= move->sweeps;
        if (!move->lost)
            chasing.best = fmax(chasing.best, move->objective);
        if (is_better(at, move, at->now.objective, at->now.smallest)) {
            exchange(&at->now, move);
            return 1;
        }
    }
    return 0;
}

int64_t mx_rearrange(const mx_ground *ground, int64_t n_starts, const mx_state *starts,
                     mx_state *best, int64_t *origin, double *room) {
    work at = begun(ground, best->n_components, room);
    mx_rule race = rough_rule(ground, 1);
    for (int64_t i = 0; i < n_starts; i++) {
        place *end = &at.ended;
        copy_mixture(&at.form, &starts[i], &end->state);
        end->lost = 0;
        end->number = i;
        run_on(&at, &race, end);
        if (end->lost)
            continue;
        race.best = fmax(race.best, end->objective);
        if (!end->held_up)
            race.ahead = fmax(race.ahead, end->objective);
        int sounder = at.now.held_up && !end->held_up;
        int as_sound = at.now.held_up == end->held_up;
        if (at.now.lost || sounder || (as_sound && end->objective > at.now.objective + AS_GOOD))
            exchange(&at.now, end);
    }
    if (at.now.lost)
        return -1;
    *origin = at.now.number;
    int64_t moved = 0;
    while (moved < ROUNDS && at.form.n_components > 1 && bettered(&at))
        moved++;
    copy_mixture(&at.form, &at.now.state, best);
    return moved;
}

/* Shares of the components with the cheapest pair merged that has not been. */
static int merge_one(work *wide, work *at) {
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
        memcpy(after, wide->shares + k * rows, sizeof(double) * rows);
        for (int64_t i = 0; k == first && i < rows; i++)
            after[i] += wide->shares[other * rows + i];
        after += rows;
    }
    return 1;
}

/* Shares of the components with the one parted that gains most and has not been. */
static int part_one(work *narrow, work *at) {
    int64_t n = narrow->form.n_components, rows = at->ground->sample->rows.n_rows, split = -1;
    for (int64_t k = 0; k < n; k++)
        if (isfinite(narrow->gains[k]) && (split < 0 || narrow->gains[k] > narrow->gains[split]))
            split = k;
    if (split < 0)
        return 0;
    narrow->gains[split] = -INFINITY;
    memcpy(at->after, narrow->shares, sizeof(double) * n * rows);
    double *rest = at->after + split * rows, *half = at->after + n * rows;
    for (int64_t i = 0; i < rows; i++) {
        half[i] = rest[i] * narrow->second[split * rows + i];
        rest[i] -= half[i];
    }
    return 1;
}

/* Readies the mixture that a neighbour has for being merged or parted. */
static int ready(work *source, const mx_state *from, int merging) {
    copy_mixture(&source->form, from, &source->now.state);
    if (!merging)
        return part_all(source, &source->now.state) == MX_DONE;
    mx_rule once = short_rule(1);
    copy_mixture(&source->form, from, &source->ended.state);
    source->ended.lost = 0;
    run_on(source, &once, &source->ended);
    if (source->ended.lost ||
        mx_posterior(source->ground->sample, &source->now.state, source->shares, source->room))
        return 0;
    memcpy(source->now.state.rows, source->ended.state.rows,
           sizeof(double) * source->form.n_components);
    merging_losses(source, &source->now);
    return 1;
}

int64_t mx_neighbour(const mx_ground *ground, const mx_state *from, double objective,
                     double smallest, mx_state *best, double *room) {
    int merging = from->n_components > best->n_components;
    work source = begun(ground, from->n_components, room);
    if (!ready(&source, from, merging))
        return 0;
    work at = begun(ground, best->n_components,
                    room + of_all(ground, merging ? from->n_components : best->n_components));
    mx_rule chasing = rough_rule(ground, 1);
    chasing.best = objective + BETTER;
    int found = 0;
    for (int tried = 0; tried < NEIGHBOURS; tried++) {
        if (!(merging ? merge_one(&source, &at) : part_one(&source, &at)))
            break;
        place *end = &at.ended;
        start_at(&at, end);
        run_on(&at, &chasing, end);
        if (end->lost)
            continue;
        chasing.best = fmax(chasing.best, end->objective);
        if (!end->held_up)
            chasing.ahead = fmax(chasing.ahead, end->objective);
        if (is_better(&at, end, objective, smallest) &&
            (!found || end->objective > at.now.objective + AS_GOOD)) {
            exchange(&at.now, end);
            found = 1;
        }
    }
    if (found)
        copy_mixture(&at.form, &at.now.state, best);
    return found;
}
