# Writes concomitant.json: what flexmix 2.3-18 finds where weights go by covariates.
# Rscript concomitant.R > concomitant.json
suppressMessages(library(flexmix))
quiet <- file("/dev/null", "w"); sink(quiet)
number <- function(v) { s <- formatC(v, digits = 17, format = "g", width = 1); paste0("[", paste(s, collapse = ", "), "]") }
rows_of <- function(m) { m <- as.matrix(m); paste0("[", paste(apply(m, 1, number), collapse = ", "), "]") }
words <- function(v) paste0("[", paste0("\"", v, "\"", collapse = ", "), "]")
cases <- character()
add <- function(name, formula, by, data, family, k, groups = NULL, seed = 1, start = NULL) {
  set.seed(seed)
  cond <- if (is.null(groups)) formula else as.formula(paste(deparse(formula, width.cutoff = 500), "|", groups))
  fit <- function(...) flexmix(cond, data = data, k = k, model = FLXMRglm(family = family),
    concomitant = FLXPmultinom(by), control = list(minprior = 0, tolerance = 1e-13, iter.max = 20000), ...)
  first <- if (is.null(start)) initFlexmix(cond, data = data, k = k, model = FLXMRglm(family = family),
    concomitant = FLXPmultinom(by), nrep = 5, verbose = FALSE, control = list(minprior = 0))
  found <- fit(cluster = if (is.null(start)) posterior(first) else start)
  order <- order(-prior(found))
  # The largest first, as the logit is over the first.
  soft <- posterior(found)[, order]
  found <- fit(cluster = soft)
  frame <- model.frame(formula, data); X <- model.matrix(formula, data); y <- model.response(frame)
  Z <- model.matrix(by, data)
  p <- parameters(found); if (is.list(p)) p <- p[[1]]
  # Of an intercept alone.
  if (!is.matrix(p)) p <- matrix(p, nrow = 1, dimnames = list("coef", NULL))
  s <- sqrt(diag(refit(found)@vcov))
  group <- if (is.null(groups)) seq_len(nrow(X)) else as.integer(factor(data[[groups]]))
  cases <<- c(cases, paste0("{", paste(c(
    paste0("\"name\": \"", name, "\""), paste0("\"family\": \"", family, "\""), paste0("\"k\": ", k),
    paste0("\"x\": ", rows_of(X[, -1, drop = FALSE])), paste0("\"z\": ", rows_of(Z[, -1, drop = FALSE])),
    paste0("\"y\": ", if (is.matrix(y)) rows_of(y) else number(as.numeric(y))),
    paste0("\"groups\": ", if (is.null(groups)) "null" else number(group)),
    paste0("\"log_likelihood\": ", number(as.numeric(logLik(found)))),
    paste0("\"df\": ", number(attr(logLik(found), "df"))),
    paste0("\"weights\": ", number(prior(found))),
    paste0("\"coefficients\": ", rows_of(t(p[grepl("coef", rownames(p)), , drop = FALSE]))),
    paste0("\"standard_errors\": ", rows_of(matrix(s[grepl("coef", names(s))], nrow = k, byrow = TRUE))),
    paste0("\"logit\": ", rows_of(parameters(found, which = "concomitant"))),
    paste0("\"names\": ", words(names(s))),
    paste0("\"logit_errors\": ", number(s[!grepl("model", names(s))]))), collapse = ",\n "), "}"))
}
data("NPreg"); data("tribolium"); data("patent")
NPreg$person <- as.numeric(NPreg$id2) %% 7
add("NPreg", yn ~ x + I(x^2), ~ yb, NPreg, "gaussian", 2, start = NPreg$class)
add("NPreg counts", yp ~ x, ~ yn, NPreg, "poisson", 2, start = NPreg$class)
add("NPreg by person", yp ~ x, ~ person, NPreg, "poisson", 2, groups = "id2", start = NPreg$class)
add("patent", Patents ~ lgRD, ~ RDS, patent, "poisson", 3)
add("tribolium", cbind(Remaining, Total - Remaining) ~ 1, ~ Species, tribolium, "binomial", 2)
sink()
cat("[", paste(cases, collapse = ",\n"), "]\n", sep = "")
