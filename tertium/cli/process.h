#pragma once

#include <string_view>

namespace tertium {

// Settings of the whole process, which a program may make and a library may not.

/// Opens standard streams that the caller left closed, so that no file of ours gets their numbers and what is meant for
/// a terminal. What is written to a closed standard output is an error all the same.
void keep_standard_streams();

/// Writes to standard error. What cannot be written is lost: a full disk, or a reader that is gone, ends no run.
void write_error(std::string_view text);

/// Starts the program again with OMP_WAIT_POLICY=passive unless the variable is set. OpenMP's threads spin while they
/// wait for each other; where anything else runs on the machine, a spinning thread holds the core that the awaited one
/// needs, and work takes several times as long. OpenMP reads the variable only when it is loaded, hence the new start.
void wait_passively(char** argv);

/// Lets malloc keep what is freed. The tensors of one block are freed and asked for again in the next; giving tens of
/// megabytes back to the kernel each time, to be cleared and mapped anew, costs a quarter of a run.
void keep_freed_memory();

/// Lets the program say which mapped file it can no longer read, cut short by someone or on a failing disk, and end with
/// status 1: the kernel's signal for that would end it without a word.
void explain_lost_files();

/// Lets SIGTERM and SIGINT ask for an end, which stopping_signal() then tells; a second one ends the program at once.
void stop_on_signals();
/// The signal that asked for an end; 0 if none did.
int stopping_signal();

/// Gives back once what was freed so far: reading a tokenizer leaves hundreds of megabytes that no later step needs.
void give_back_freed_memory();

}  // namespace tertium
