# Target `tokenizers_ffi`: the Hugging Face tokenizers crate behind a small C ABI, as a static library built by cargo.
find_program(CARGO cargo PATHS $ENV{HOME}/.cargo/bin REQUIRED)
set(crate ${CMAKE_SOURCE_DIR}/tertium/tokenizer/ffi)
set(crate_build ${CMAKE_SOURCE_DIR}/.deps/cargo)  # shared by all presets
set(crate_library ${crate_build}/release/libtokenizers_ffi.a)
file(GLOB_RECURSE crate_sources CONFIGURE_DEPENDS ${crate}/src/*.rs)

add_custom_command(
  OUTPUT ${crate_library}
  COMMAND ${CARGO} build --release --locked --quiet --manifest-path ${crate}/Cargo.toml --target-dir ${crate_build}
  COMMAND ${CMAKE_COMMAND} -E touch ${crate_library}
  DEPENDS ${crate}/Cargo.toml ${crate}/crates.lock ${crate_sources}
  COMMENT "Building the tokenizers crate"
  VERBATIM)
add_custom_target(tokenizers_ffi_build DEPENDS ${crate_library})

add_library(tokenizers_ffi INTERFACE)
add_dependencies(tokenizers_ffi tokenizers_ffi_build)
target_link_libraries(tokenizers_ffi INTERFACE ${crate_library} ${CMAKE_DL_LIBS} m)
