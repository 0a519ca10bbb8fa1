# Writes flexmix.json: what flexmix 2.3-18 and mixtools 2.0.0 find from given labels.
# Rscript make.R > flexmix.json
suppressMessages({library(flexmix); library(mixtools)})
quiet <- file("/dev/null", "w"); sink(quiet)
number <- function(v) { s <- formatC(v, digits = 17, format = "g", width = 1); paste0("[", paste(s, collapse = ", "), "]") }
rows_of <- function(m) { m <- as.matrix(m); paste0("[", paste(apply(m, 1, number), collapse = ", "), "]") }
words <- function(v) paste0("[", paste0("\"", v, "\"", collapse = ", "), "]")
cases <- character()
add <- function(name, formula, data, family, k, groups = NULL, offset = NULL, model = NULL, seed = 1,
                equal = character(), equal_sigma = FALSE, errors = TRUE, terms = formula) {
  set.seed(seed)
  frame <- model.frame(formula, data); X <- model.matrix(terms, data); y <- model.response(frame)
  n <- nrow(X)
  by <- if (is.null(groups)) seq_len(n) else as.integer(factor(data[[groups]]))
  # Labels that are near the truth of a first fit, so that both go up one hill.
  cond <- if (is.null(groups)) formula else as.formula(paste(deparse(formula, width.cutoff = 500), "|", groups))
  maker <- function() if (is.null(model)) FLXMRglm(family = family, offset = offset) else model
  first <- initFlexmix(cond, data = data, k = k, model = maker(), nrep = 5, verbose = FALSE,
                       control = list(minprior = 0))
  labels <- clusters(first)
  fit <- flexmix(cond, data = data, k = k, model = maker(), cluster = labels,
                 control = list(minprior = 0, tolerance = 1e-15, iter.max = 20000))
  p <- parameters(fit); if (is.list(p)) p <- p[[1]]
  coefs <- t(p[grepl("coef", rownames(p)), , drop = FALSE])
  se <- NULL
  if (errors) { r <- refit(fit); s <- sqrt(diag(r@vcov)); se <- matrix(s[grepl("coef", names(s))], nrow = k, byrow = TRUE)
    names <- names(s)[grepl("coef", names(s))] }
  entry <- c(paste0("\"name\": \"", name, "\""),
    paste0("\"call\": \"", gsub("\"", "'", paste(deparse(fit@call, width.cutoff = 500), collapse = " ")), "\""),
    paste0("\"family\": \"", family, "\""), paste0("\"k\": ", k),
    paste0("\"terms\": ", words(colnames(X)[-1])), paste0("\"x\": ", rows_of(X[, -1, drop = FALSE])),
    paste0("\"y\": ", if (is.matrix(y) && ncol(y) == 2) rows_of(y) else number(as.numeric(y))),
    paste0("\"groups\": ", if (is.null(groups)) "null" else number(by)),
    paste0("\"offset\": ", if (is.null(offset)) "null" else number(offset)),
    paste0("\"labels\": ", number(labels - 1)),
    paste0("\"equal\": ", if (length(equal)) words(equal) else "[]"),
    paste0("\"equal_sigma\": ", if (equal_sigma) "true" else "false"),
    paste0("\"log_likelihood\": ", number(as.numeric(logLik(fit)))),
    paste0("\"df\": ", number(attr(logLik(fit), "df"))),
    paste0("\"weights\": ", number(prior(fit))), paste0("\"coefficients\": ", rows_of(coefs)),
    paste0("\"standard_errors\": ", if (is.null(se)) "null" else rows_of(se)))
  if (family == "gaussian") {
    entry <- c(entry, paste0("\"sigma\": ", number(p["sigma", ])))
    if (!length(equal) && !equal_sigma && is.null(groups)) {
      start <- sapply(seq_len(k), function(j) as.numeric(labels == j))
      beta <- sapply(seq_len(k), function(j) coef(lm(formula, data = data[labels == j, ])))
      sigma <- sapply(seq_len(k), function(j) sqrt(mean(resid(lm(formula, data = data[labels == j, ]))^2)))
      own <- regmixEM(as.numeric(y), X[, -1], lambda = colMeans(start), beta = beta, sigma = sigma,
                      epsilon = 1e-12, maxit = 50000)
      entry <- c(entry, paste0("\"mixtools\": {\"log_likelihood\": ", number(own$loglik), ", \"coefficients\": ",
        rows_of(t(own$beta)), ", \"sigma\": ", number(own$sigma), ", \"weights\": ", number(own$lambda), "}"))
    }
  }
  cases <<- c(cases, paste0("{", paste(entry, collapse = ",\n "), "}"))
}
data("NPreg"); data("tribolium"); data("betablocker"); data("seizure"); data("dmft"); data("bioChemists")
data("patent"); data("fabricfault"); data("NregFix"); data("tonedata"); data("salmonellaTA98")
NregFix$y <- as.numeric(NregFix$y)
add("NPreg", yn ~ x + I(x^2), NPreg, "gaussian", 2)
add("NPreg counts", yp ~ x, NPreg, "poisson", 2)
add("NPreg counts by person", yp ~ x, NPreg, "poisson", 2, groups = "id2")
add("NPreg by person", yn ~ x + I(x^2), NPreg, "gaussian", 2, groups = "id2")
add("tribolium", cbind(Remaining, Total - Remaining) ~ Species, tribolium, "binomial", 2)
add("betablocker", cbind(Deaths, Total - Deaths) ~ Treatment, betablocker, "binomial", 3, groups = "Center")
add("seizure", Seizures ~ Treatment * log(Day), seizure, "poisson", 2, offset = log(seizure$Hours))
add("dmft", End ~ log(Begin + 0.5) + Gender + Ethnic + Treatment, dmft, "poisson", 2)
add("bioChemists", art ~ fem + mar + kid5 + phd + ment, bioChemists, "poisson", 2)
add("patent", Patents ~ lgRD, patent, "poisson", 3)
add("fabricfault", Faults ~ I(log(Length)), fabricfault, "poisson", 2)
add("salmonellaTA98", y ~ I(log(x + 10)) + x, salmonellaTA98, "poisson", 2)
add("tonedata", tuned ~ stretchratio, tonedata, "gaussian", 2)
add("NregFix", y ~ x1 + x2, NregFix, "gaussian", 3)
add("NregFix alike", y ~ x1, NregFix, "gaussian", 3, errors = FALSE, equal = "x21", terms = y ~ x2 + x1,
    model = FLXMRglmfix(fixed = ~ x2, nested = NULL, varFix = TRUE), equal_sigma = TRUE)
sink()
cat("[", paste(cases, collapse = ",\n"), "]\n", sep = "")
