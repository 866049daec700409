// Package health examines a log and judges it: is it intact, do records still arrive,
// is there room on the disk. Examine reads indexes and file sizes only, never the
// text of a record. An Assessment is written as a line for Nagios, as JSON, or as
// metrics for Prometheus; inspect and tail use the same definition of a late record.
package health
