// Package genhistory makes the pipeline's step2.json, of any size, for
// demonstrations, benchmarks and tests: byte for byte what Python's
// json.dump(data, f, indent=2, ensure_ascii=False) would have written.
//
// A simulated pipeline polls every 178 seconds. At each tick matches enter,
// stay for about 33 ticks and leave. While a match stays, its odds rows grow newest
// first, its score rises and its fetched_at changes; everything else stays the same.
// Consecutive batches therefore repeat most of each other, as real polls do, while two
// matches have nothing but the shape in common.
//
// The bytes depend on Options alone: the same Options give the same bytes on every
// machine, because all arithmetic is on integers. The content does not depend on Shape
// or Indent, and more Records extend what fewer give.
package genhistory
