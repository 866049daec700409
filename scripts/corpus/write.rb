# Writes the history as Ruby does: write.rb OUT.
require 'json'

out = ARGV[0]
doc = JSON.parse(File.read(File.join(__dir__, 'history.json'), encoding: 'UTF-8'))
emit = lambda do |name, text, call|
  File.write(File.join(out, "#{name}.json"), text)
  puts ["#{name}.json", 'Ruby, json', "#{RUBY_VERSION}, #{JSON::VERSION}", call].join("\t")
end
emit.('ruby', JSON.generate(doc), 'JSON.generate(o)')
emit.('ruby-pretty', JSON.pretty_generate(doc), 'JSON.pretty_generate(o)')
emit.('ruby-lines', doc['history'].map { |r| r.to_json + "\n" }.join, 'one to_json a line')
emit.('ruby-spaced', JSON.generate(doc['history'], space: ' ', space_before: ' ', object_nl: "\n", array_nl: '', indent: "\t"),
      "generate(list, indent: '\\t', object_nl: '\\n', array_nl: '')")
