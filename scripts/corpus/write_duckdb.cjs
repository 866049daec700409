// Writes the history as DuckDB does: write_duckdb.cjs OUT.
const path = require('node:path')
const { DuckDBInstance, version } = require('@duckdb/node-api')

const rows = `select strftime(timestamp '2025-05-28 12:00:00' + i * interval 1 second, '%Y-%m-%dT%H:%M:%SZ') as timestamp, i as n,
  [0.5, i] as odds, {'a': null, 'e': []} as meta from range(1, 11) t(i)`
async function main() {
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  for (const [name, options, call] of [
    ['duckdb-lines', '', 'COPY TO (FORMAT json)'],
    ['duckdb', ', ARRAY true', 'COPY TO (FORMAT json, ARRAY true)'],
  ]) {
    const file = path.join(process.argv[2], name + '.json')
    await db.run(`copy (${rows}) to '${file}' (format json${options})`)
    console.log([name + '.json', 'DuckDB', version().replace(/^v/, ''), call].join('\t'))
  }
}
main()
