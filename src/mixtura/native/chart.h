/* Coordinates about a mixture, and the gradient there: those of gaussian/whitened.py. */
#ifndef MIXTURA_CHART_H
#define MIXTURA_CHART_H

#include "gaussian.h"

/* A reference, and how many coordinates there are: none where the structure has no such. */
typedef struct {
    int64_t size, n_groups, n_logs;
    mx_model about;
    double *rows; /* (K) there */
} mx_chart;

/* For structures in which nothing but the storage constrains covariances. */
mx_chart mx_chart_in(const mx_form *form, mx_workspace *workspace);

/* Takes a model, with the moments of its sweep, for the reference; MX_HARD where there are no such
   coordinates, or where a component touches its floor. */
int mx_chart_about(const mx_problem *problem, const mx_form *form, const mx_model *model,
                   const mx_moments *moments, mx_chart *at);

/* Sets point to the coordinates of a model. */
void mx_chart_coordinates(const mx_form *form, const mx_chart *at, const mx_model *model,
                          double *point);

/* Sets slope to the gradient of the objective at a model, from the moments of its sweep. */
void mx_chart_gradient(const mx_problem *problem, const mx_form *form, const mx_chart *at,
                       const mx_model *model, const mx_moments *moments, double *slope);

/* Sets weights, means and factors of the model at a point; MX_HARD where that is absurd or below
   the floor. */
int mx_chart_model(const mx_problem *problem, const mx_form *form, const mx_chart *at,
                   const double *point, mx_model *next);

#endif
