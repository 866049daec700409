# Writes the history as Perl's modules do: write.pl OUT. Modules that are missing are skipped.
use strict;
use warnings;
use File::Basename;

my $out = shift;
open my $in, '<:raw', dirname(__FILE__) . '/history.json' or die $!;
my $text = do { local $/; <$in> };

sub emit {
    my ($name, $text, $module, $call) = @_;
    open my $f, '>:raw', "$out/$name.json" or die $!;
    print $f $text;
    close $f or die $!;
    print join("\t", "$name.json", "Perl, $module", $module->VERSION, $call), "\n";
}

for (['JSON::PP', 'json-pp'], ['JSON::XS', 'json-xs']) {
    my ($module, $name) = @$_;
    if (!eval "require $module") { print STDERR "skipped: $module\n"; next }
    my $doc = $module->new->utf8->decode($text);
    emit("perl-$name", $module->new->utf8->pretty->canonical->encode($doc), $module, 'pretty->canonical');
    if ($module eq 'JSON::PP') {
        emit("perl-$name-indent", $module->new->utf8->canonical->indent->indent_length(2)->space_after->encode($doc), $module, 'indent_length(2)->space_after->canonical');
    } elsif ($module eq 'JSON::XS') {
        emit("perl-$name-spaced", $module->new->ascii->canonical->space_before->space_after->encode($doc->{history}), $module, 'ascii->space_before->space_after');
        emit("perl-$name-lines", join('', map { $module->new->utf8->canonical->encode($_) . "\n" } @{$doc->{history}}), $module, 'one encode() a line');
    }
}
