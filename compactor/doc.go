// Package compactor keeps a log's disk use in hand: it plans which sealed
// segments are to be compressed, retired or archived, and does it.
//
// A plan comes from a policy, what the segments' indexes say, and the time: it is
// a pure function, and a table tests it. Running a plan is a series of
// segment.Compress, segment.Retire and segment.Archive: each takes the lock of
// UPKEEP for itself and looks again, so that a plan that others have overtaken
// does no harm, and a run that was killed is run again.
//
// The active segment, what is in quarantine, foreign files and anything damaged
// are never touched.
package compactor
