// Writes the history as Node and packages of npm do: write.mjs OUT. Packages that are missing are skipped.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { execFileSync } from 'node:child_process'

const out = process.argv[2]
const require = createRequire(process.env.NODE_PATH + '/')
const source = fs.readFileSync(new URL('history.json', import.meta.url), 'utf8')
const read = () => JSON.parse(source)
const doc = read()

function row(file, writer, version, call) {
  console.log([file, writer, version, call].join('\t'))
}

function emit(name, text, call, writer = 'Node', version = process.versions.node) {
  fs.writeFileSync(path.join(out, name + '.json'), text)
  row(name + '.json', writer, version, call)
}

// library calls fn with a package and its version, if it is installed.
async function library(name, fn) {
  let found
  try {
    found = require.resolve(name)
  } catch {
    try {
      found = path.join(process.env.NODE_PATH, name, 'package.json')
      fs.accessSync(found)
    } catch {
      return console.error('skipped: ' + name)
    }
  }
  const { version, main, exports } = JSON.parse(fs.readFileSync(path.join(process.env.NODE_PATH, name, 'package.json'), 'utf8'))
  let lib
  try {
    lib = require(name)
  } catch {
    const entry = exports?.default ?? exports?.['.']?.import ?? exports?.['.'] ?? exports ?? main ?? 'index.js'
    lib = await import(path.join(process.env.NODE_PATH, name, entry.import ?? entry.default ?? entry))
  }
  await fn(lib, version)
}

emit('node', JSON.stringify(doc), 'JSON.stringify(o)')
emit('node-2', JSON.stringify(doc, null, 2), 'JSON.stringify(o, null, 2)')
emit('node-tab', JSON.stringify(doc.history, null, '\t') + '\n', "JSON.stringify(list, null, '\\t')")
emit('node-lines', doc.history.map(r => JSON.stringify(r) + '\n').join(''), 'one JSON.stringify() a line')
emit('node-joined', '[' + doc.history.map(r => JSON.stringify(r)).join(',\n') + ']', "'[' + lines.join(',\\n') + ']'")

const npm = execFileSync('npm', ['--version'], { encoding: 'utf8' }).trim()
const project = fs.mkdtempSync(path.join(out, 'npm-'))
fs.writeFileSync(path.join(project, 'package.json'), '{\n    "name": "corpus"\n}\n')
execFileSync('npm', ['pkg', 'set', '--json', 'history=' + JSON.stringify(doc.history)], { cwd: project })
emit('npm-pkg', fs.readFileSync(path.join(project, 'package.json')), 'npm pkg set --json', 'npm', npm)
fs.rmSync(project, { recursive: true })

await library('prettier', async (prettier, version) => {
  const style = (text, options) => prettier.format(text, { parser: 'json', ...options })
  emit('prettier', await style(JSON.stringify(doc, null, 2)), 'of indented text', 'prettier', version)
  emit('prettier-flat', await style(source), 'of one record a line', 'prettier', version)
  emit('prettier-tabs', await style(JSON.stringify(doc.history), { useTabs: true, printWidth: 40 }), 'useTabs, printWidth=40', 'prettier', version)
})
await library('json-stringify-pretty-compact', (lib, version) =>
  emit('pretty-compact', (lib.default ?? lib)(doc), 'stringify(o)', 'json-stringify-pretty-compact', version))
await library('json-bigint', (lib, version) =>
  emit('json-bigint', lib.stringify(lib.parse(source), null, 1), 'stringify(o, null, 1)', 'json-bigint', version))
await library('jsonfile', (lib, version) => {
  const file = path.join(out, 'jsonfile.json')
  lib.writeFileSync(file, doc, { spaces: 2, EOL: '\r\n' })
  row('jsonfile.json', 'jsonfile', version, "writeFile(spaces: 2, EOL: '\\r\\n')")
})
await library('fracturedjsonjs', (lib, version) =>
  emit('fracturedjson', new lib.Formatter().Serialize(doc), 'Formatter.Serialize(o)', 'FracturedJson', version))
await library('js-beautify', (lib, version) => {
  emit('js-beautify', lib.js(JSON.stringify(doc)), 'js_beautify(text)', 'js-beautify', version)
  emit('js-beautify-expand', lib.js(JSON.stringify(doc), { brace_style: 'expand', indent_size: 2 }), "js_beautify(brace_style='expand')", 'js-beautify', version)
})
await library('bson', (lib, version) => {
  const dated = doc.history.map(r => ({ ...r, timestamp: new Date(r.timestamp) }))
  emit('bson-canonical', lib.EJSON.stringify(dated, { relaxed: false }), 'EJSON.stringify(list, {relaxed: false})', 'bson (MongoDB)', version)
})
await library('@seald-io/nedb', async (lib, version) => {
  const file = path.join(out, 'nedb.json')
  const db = new lib({ filename: file, autoload: true, timestampData: false })
  for (const [i, r] of doc.history.entries()) await db.insertAsync({ ...r, _id: 'id' + i })
  row('nedb.json', 'NeDB', version, 'insert()')
})
await library('lowdb', async (_, version) => {
  const { JSONFilePreset } = await import(path.join(process.env.NODE_PATH, 'lowdb/lib/node.js'))
  const db = await JSONFilePreset(path.join(out, 'lowdb.json'), { history: [] })
  for (const r of doc.history) await db.update(data => data.history.push(r))
  row('lowdb.json', 'lowdb', version, 'update()')
})
await library('pino', (lib, version) => {
  const file = path.join(out, 'pino.json')
  const to = lib.destination({ dest: file, sync: true })
  const log = lib({ base: null, timestamp: () => ',"time":"2025-05-28T12:00:01Z"' }, to)
  for (const r of doc.history) log.info(r, 'entry')
  row('pino.json', 'pino', version, 'info(record)')
})
