# Writes a history as Tcl's json::write does: write.tcl OUT.
package require json::write
proc emit {name text call} {
    set f [open [file join [lindex $::argv 0] $name.json] w]
    fconfigure $f -translation binary -encoding utf-8
    puts -nonewline $f $text
    close $f
    puts [join [list $name.json "Tcl, json::write" [package present json::write] $call] \t]
}
proc history {} {
    set records {}
    for {set i 1} {$i <= 10} {incr i} {
        lappend records [json::write object timestamp [json::write string [format 2025-05-28T12:00:%02dZ $i]] n $i \
            odds [json::write array 1.5 $i] meta [json::write object]]
    }
    json::write object name [json::write string corpus] history [json::write array {*}$records] total_entries 10
}
emit tcl [history] "object, array"
json::write indented 1
json::write aligned 0
emit tcl-unaligned [history] "aligned 0"
