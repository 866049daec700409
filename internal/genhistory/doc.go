// Package genhistory makes the pipeline's step2.json, of any size, for
// demonstrations, benchmarks and tests: byte for byte what Python's
// json.dump(data, f, indent=2, ensure_ascii=False) would have written.
//
// A simulated pipeline polls every 178 seconds. At each tick matches enter,
// live for about 33 ticks and leave; while a match lives, its odds rows grow
// newest first, its score rises and its fetched_at moves, and all else stays.
// So neighbouring batches repeat most of each other, as real polls do, while
// nothing repeats between two matches but the shape.
//
// The bytes follow from Options alone: the same Options give the same bytes
// on every machine (all arithmetic is on integers). The content does not
// depend on Shape or Indent, and more Records continue what fewer began.
package genhistory
