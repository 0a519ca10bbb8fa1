/* Gaussian components: what passes between the sweep and the M-step. */
#ifndef MIXTURA_GAUSSIAN_H
#define MIXTURA_GAUSSIAN_H

#include "run.h"
#include "workspace.h"

/* The shapes that a structure's numbers have. */
typedef struct {
    int structure, full, spherical, pooled, common_axes;
    int lean; /* whether the products that components share are no features */
    int64_t n_components;
    int64_t n_gaussians; /* without the noise, which is the last */
    int64_t n_columns, n_features;
    int64_t n_pairs;  /* features that are products of two columns */
    int64_t n_extras; /* features of segments, the last */
    int64_t n_room;   /* numbers that estimates of segments work in */
    int64_t one;       /* numbers of one scatter */
    int64_t n_scatter; /* numbers of all scatters */
    int64_t n_factors;
    int64_t n_coordinates;
} mx_form;

/* Effective rows (K), means (K, D) and scatter about them. */
typedef struct {
    double *rows, *means, *scatter;
    double *extras; /* (K, E) the sums of segments' features */
    double *room;   /* to estimate in */
} mx_moments;

/* A mixture, and the natural parameters (K, P) of its log densities. */
typedef struct {
    double *log_weights, *means, *factors, *axes, *extras, *theta;
    double *rough;   /* (K) the rounding of a row's density, in units of the last digit */
    double *bases;   /* (K) what segments add to the constant of a density */
    double *centred; /* (K) one where a component is summed about its mean, as in mx_centred */
    int64_t n_centred;
    double offset;    /* of the log-likelihood: the quadratic term that components share */
    double log_prior; /* of the penalty, up to a constant */
} mx_model;

/* Moves on from a product of two columns to the next of the feature map, shift by shift from (0,
 * 0): small models would wait for quotients. */
static inline void mx_next_pair(int64_t n_columns, int64_t *i, int64_t *j) {
    *j = *j + 1 < n_columns ? *j + 1 : 0;
    if (++*i < n_columns)
        return;
    *i = 0;
    *j = *j + 1 < n_columns ? *j + 1 : 0;
}

static inline void mx_exchange_models(mx_model *one, mx_model *other) {
    mx_model kept = *one;
    *one = *other;
    *other = kept;
}

mx_model mx_model_in(const mx_form *form, mx_workspace *workspace);
mx_moments mx_moments_in(const mx_form *form, mx_workspace *workspace);

mx_form mx_form_of(int64_t structure, int64_t n_components, int64_t n_columns);

/* The same with the problem's noise and segments. */
mx_form mx_form_for(const mx_problem *problem, int64_t n_components);

/* Whether all components have rows. */
int mx_has_rows(const mx_form *form, const double *sums);

/*
 * Moments from sums about the origin, or about the means of components that `about` has centred
 * (NULL: none); MX_HARD where they have lost too many digits.
 */
int mx_moments_of(const mx_problem *problem, const mx_form *form, const mx_model *about,
                  const double *sums, mx_moments *moments);

/* The same for a start, where components on few rows borrow of the scatter that all have. */
int mx_first_moments(const mx_problem *problem, const mx_form *form, const mx_model *about,
                     const double *sums, mx_moments *moments);

typedef int mx_moments_maker(const mx_problem *, const mx_form *, const mx_model *, const double *,
                             mx_moments *);

/* The M-step, warm from the factors and axes of `previous`, or cold without; may be MX_FLAT. */
int mx_maximise(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                const mx_model *previous, mx_model *next, double *workspace);

/*
 * Natural parameters and log prior of a model, with components centred where densities would lose
 * digits; MX_HARD where that does not help, or where the caller takes none that are centred.
 */
int mx_bind(const mx_problem *problem, const mx_form *form, mx_model *model);
int mx_bind_plain(const mx_problem *problem, const mx_form *form, mx_model *model);

/* Sums of centred components as they would be about the origin. */
void mx_about_origin(const mx_form *form, const mx_model *about, double *sums);

/* What a component adds to the expected log-likelihood of moments, with its own scatter. */
double mx_expected_of(const mx_form *form, const mx_model *model, const mx_moments *moments,
                      int64_t k);

/* The log mixing weights that the M-step makes of effective rows. */
void mx_weigh(const mx_problem *problem, const mx_form *form, const double *rows,
              double *log_weights);

void mx_upper_inverse(int64_t n, const double *upper, double *inverse);

/* Moments as a point of a vector space, and back; MX_HARD where a component would all but vanish.
 */
void mx_coordinates(const mx_problem *problem, const mx_form *form, const mx_moments *moments,
                    double *point);
int mx_moments_at(const mx_problem *problem, const mx_form *form, const double *point,
                  const mx_moments *like, mx_moments *moments);

#endif
