-- Writes the history as Lua's libraries do: write.lua OUT HISTORY.
local out, source = arg[1], io.open(arg[2]):read('a')
local function emit(name, text, writer, version, call)
  io.open(out .. '/' .. name .. '.json', 'wb'):write(text):close()
  print(table.concat({name .. '.json', writer, version, call}, '\t'))
end
local found, cjson = pcall(require, 'cjson')
if found then
  emit('lua-cjson', cjson.encode(cjson.decode(source)), 'Lua, cjson', cjson._VERSION, 'encode(o)')
end
local found, dkjson = pcall(require, 'dkjson')
if found then
  local doc = dkjson.decode(source, 1, dkjson.null)
  emit('lua-dkjson', dkjson.encode(doc, {indent = true, keyorder = {'timestamp', 'n'}}), 'Lua, dkjson', dkjson.version:gsub('dkjson ', ''), 'encode(o, {indent=true})')
end
