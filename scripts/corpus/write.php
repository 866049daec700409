<?php
// Writes the history as PHP does: write.php OUT.
$doc = json_decode(file_get_contents(__DIR__ . '/history.json'));
function emit($name, $text, $call)
{
    file_put_contents("{$GLOBALS['argv'][1]}/$name.json", $text);
    echo implode("\t", ["$name.json", 'PHP', PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, $call]), "\n";
}
emit('php', json_encode($doc), 'json_encode($o)');
emit('php-pretty', json_encode($doc, JSON_PRETTY_PRINT), 'json_encode($o, JSON_PRETTY_PRINT)');
emit('php-unescaped', json_encode($doc->history, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION), 'json_encode($list, PRETTY_PRINT, UNESCAPED_*)');
