#include "start.h"

#include <math.h>
#include <string.h>

/* What an empty component is given of every row, so that it has a mean and a covariance at all. */
#define SOFTENING 1e-3

int64_t mx_try_workspace(const mx_problem *problem, int64_t n, int64_t sweeps) {
    return n * problem->rows.n_rows + 3 * sweeps + mx_run_workspace(problem, n);
}

/* Sets responsibilities (K, n) to one for the component of each row, softened if some component is
 * empty. */
static void responsibilities_of_labels(int64_t n, int64_t n_rows, const int64_t *labels,
                                       double *responsibilities) {
    int64_t counts[MX_MOST_COMPONENTS] = {0};
    for (int64_t row = 0; row < n_rows; row++)
        counts[labels[row]]++;
    double least = 0;
    for (int64_t k = 0; k < n; k++)
        if (!counts[k])
            least = SOFTENING;
    double total = 1 + n * least, most = (1 + least) / total;
    least /= total;
    for (int64_t k = 0; k < n; k++)
        for (int64_t row = 0; row < n_rows; row++)
            responsibilities[k * n_rows + row] = labels[row] == k ? most : least;
}

static void run_on(const mx_problem *problem, int64_t sweeps, mx_state *state, double *objective,
                   double *workspace) {
    const mx_rule rule = {.most_sweeps = sweeps,
                          .never = 1,
                          .steps_past = 1,
                          .no_bound = 1,
                          .mean_change = -1,
                          .best = -INFINITY,
                          .ahead = -INFINITY,
                          .lately = sweeps};
    mx_run(problem, &rule, state, workspace);
    *objective = state->ending == MX_ENDED_HARD || state->ending == MX_ENDED_FLAT
                     ? -INFINITY
                     : state->history[3 * (state->n_steps - 1) + 1];
}

void mx_try(const mx_problem *problem, int64_t n_sources, const mx_source *sources, int64_t sweeps,
            mx_state *states, double *objectives, double *workspace) {
    int64_t n_rows = problem->rows.n_rows, n = n_sources ? states->n_components : 0;
    double *responsibilities = workspace, *history = responsibilities + n * n_rows;
    workspace = history + 3 * sweeps;
    for (int64_t i = 0; i < n_sources; i++) {
        mx_source from = sources[i];
        if (from.labels) {
            responsibilities_of_labels(n, n_rows, from.labels, responsibilities);
            from = (mx_source){
                .responsibilities = responsibilities, .row_stride = 1, .component_stride = n_rows};
        }
        states[i].history = history;
        objectives[i] = -INFINITY;
        if (!mx_start_borrowing(problem, from.responsibilities, from.row_stride,
                                from.component_stride, &states[i], workspace))
            run_on(problem, sweeps, &states[i], &objectives[i], workspace);
    }
}
