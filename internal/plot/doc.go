// Package plot reduces the numbers in the records of a log to what a chart can show, and
// draws it on a terminal. Package report/html draws the same as HTML and SVG.
//
// A Collector keeps a bounded number of columns, however many records are added: when it is
// full, adjacent columns are merged. A column keeps the min, the max and the mean of its
// values, so that no extreme value is lost.
package plot
