# Writes the history as R's jsonlite does: write.R OUT HISTORY.
library(jsonlite)
args <- commandArgs(TRUE)
text <- readLines(args[2], encoding = "UTF-8", warn = FALSE)
doc <- fromJSON(paste(text, collapse = "\n"), simplifyVector = FALSE)
emit <- function(name, text, call) {
  con <- file(file.path(args[1], paste0(name, ".json")), "wb")
  writeBin(charToRaw(enc2utf8(as.character(text))), con)
  close(con)
  cat(paste0(name, ".json"), "R, jsonlite", as.character(packageVersion("jsonlite")), call, sep = "\t")
  cat("\n")
}
emit("r-jsonlite", toJSON(doc, auto_unbox = TRUE, null = "null"), "toJSON(o)")
emit("r-jsonlite-pretty", toJSON(doc, auto_unbox = TRUE, null = "null", pretty = TRUE), "toJSON(o, pretty=TRUE)")
frame <- data.frame(timestamp = sprintf("2025-05-28T12:00:%02dZ", 1:10), n = 1:10)
frame$odds <- lapply(1:10, function(i) c(1.5, i))
emit("r-jsonlite-frame", toJSON(frame, pretty = 4), "toJSON(data.frame, pretty=4)")
