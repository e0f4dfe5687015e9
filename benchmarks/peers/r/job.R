# One job of compare.py in R: Rscript job.R JOB DATA.csv HORIZON ANSWER.csv
# DATA has time, event (0, 1, 2), risk (to be scored) and covariates. ANSWER has name and value, with the CPU seconds of the job.
suppressPackageStartupMessages({
  library(survival)
  library(riskRegression)
  library(cmprsk)
  library(mets)
})
given <- commandArgs(trailingOnly = TRUE)
horizon <- as.numeric(given[3])
d <- read.csv(given[2])
covariates <- setdiff(names(d), c("time", "event", "risk"))
rhs <- paste(covariates, collapse = " + ")
shown <- head(d, 1000)

named <- function(kind, values, event = 1) setNames(values, paste(kind, event, covariates))
risks <- function(values) setNames(values, paste("risk", seq_along(values)))

# Each day is a step of the matrix exponential of its two hazards, as in survfit of a multi-state coxph.
cox_pair <- function() {
  fits <- lapply(1:2, function(k) coxph(as.formula(paste("Surv(time, event == k) ~", rhs)), data = d))
  steps <- lapply(fits, function(fit) diff(c(0, subset(basehaz(fit, centered = FALSE), time <= horizon)$hazard)))
  linear <- lapply(fits, function(fit) (as.matrix(shown[covariates]) %*% coef(fit))[, 1])
  risk <- sapply(seq_len(nrow(shown)), function(i) {
    one <- steps[[1]] * exp(linear[[1]][i])
    both <- one + steps[[2]] * exp(linear[[2]][i])
    sum(exp(-cumsum(c(0, head(both, -1)))) * ifelse(both > 0, (1 - exp(-both)) * one / both, 0))
  })
  found <- lapply(1:2, function(k) {
    c(named("coefficient", coef(fits[[k]]), k), named("error", sqrt(diag(vcov(fits[[k]]))), k))
  })
  c(unlist(found), risks(risk))
}

csc <- function() {
  fit <- CSC(as.formula(paste("Hist(time, event) ~", rhs)), data = d)
  found <- lapply(1:2, function(k) {
    m <- fit$models[[k]]
    c(named("coefficient", coef(m), k), named("error", sqrt(diag(vcov(m))), k))
  })
  c(unlist(found), risks(predict(fit, newdata = shown, times = horizon, cause = 1)$absRisk[, 1]))
}

fine_gray <- function() {
  d$id <- seq_len(nrow(d))
  d$status <- factor(d$event, 0:2)
  expanded <- finegray(as.formula(paste("Surv(time, status) ~ id +", rhs)), data = d, id = id)
  fit <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs)), weights = fgwt, data = expanded, cluster = id)
  base <- basehaz(fit, centered = FALSE)
  hazard <- tail(base$hazard[base$time <= horizon], 1)
  linear <- as.matrix(shown[covariates]) %*% coef(fit)
  c(named("coefficient", coef(fit)), named("error", sqrt(diag(fit$var))), risks(1 - exp(-hazard * exp(linear[, 1]))))
}

crr_job <- function() {
  fit <- crr(d$time, d$event, as.matrix(d[covariates]))
  c(named("coefficient", fit$coef), named("error", sqrt(diag(fit$var))))
}

mets_job <- function() {
  fit <- cifreg(as.formula(paste("Event(time, event) ~", rhs)), data = d, cause = 1, propodds = NULL)
  c(named("coefficient", fit$coef), named("error", sqrt(diag(fit$var))))
}

score <- function() {
  found <- Score(list(model = d$risk), formula = Hist(time, event) ~ 1, data = d, times = horizon, cause = 1,
                 cens.model = "km", metrics = c("auc", "brier"), null.model = FALSE)
  auc <- found$AUC$score
  brier <- found$Brier$score
  c(auc = auc$AUC, brier = brier$Brier, "auc error" = auc$se, "brier error" = brier$se)
}

jobs <- list(cox_pair = cox_pair, csc = csc, fine_gray = fine_gray, crr = crr_job, mets = mets_job, score = score)
before <- proc.time()
answer <- jobs[[given[1]]]()
used <- proc.time() - before
answer <- c(answer, cpu = used[["user.self"]] + used[["sys.self"]])
write.csv(data.frame(name = names(answer), value = format(unname(answer), digits = 15, trim = TRUE)), given[4],
          row.names = FALSE, quote = FALSE)
