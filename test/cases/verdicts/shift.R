# Makes shift.csv beside it: Rscript test/cases/verdicts/shift.R > test/cases/verdicts/shift.csv
# R is the reference; hvlab does not use it. Sizes are blocks of runs: equal, unequal, two runs pooled.
options(warn = 2) # ties would make R leave the exact way
set.seed(20261126)
sizes <- list(c(4, 4), c(4, 5), c(4, 8), c(5, 5), c(6, 6), c(6, 12), c(8, 8), c(10, 10), c(10, 20), c(20, 20))
numbers <- function(x) paste(format(x, digits = 15, scientific = FALSE, trim = TRUE), collapse = " ")
case <- function(size, draw, name) {
  left <- round(draw(size[1]), 7)
  right <- round(draw(size[2]) - 0.1, 7)
  test <- wilcox.test(right, left, exact = TRUE, conf.int = TRUE, conf.level = 0.95)
  cut <- max(1, qwilcox(0.025, size[2], size[1]))
  coverage <- 1 - 2 * pwilcox(cut - 1, size[2], size[1])
  cells <- list(name, left, right, unname(test$estimate), test$conf.int[1], test$conf.int[2], coverage)
  paste(lapply(cells, function(cell) if (is.numeric(cell)) numbers(cell) else cell), collapse = ",")
}
cat("# ", R.version.string, ": wilcox.test(right, left, exact = TRUE, conf.int = TRUE), qwilcox, pwilcox\n", sep = "")
cat("draw,left,right,centre,low,high,coverage\n")
for (size in sizes) {
  cat(case(size, function(n) rnorm(n, sd = 0.05), "normal"), "\n", sep = "")
  cat(case(size, function(n) rexp(n, rate = 10), "skewed"), "\n", sep = "")
}
