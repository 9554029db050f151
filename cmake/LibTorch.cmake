# Target `libtorch`: the shared libraries of a `torch` wheel or of an unpacked LibTorch.
# find_package(Torch) demands a CUDA toolkit when the wheel was built with CUDA; we need only its CPU half.
set(TERTIUM_TORCH "${CMAKE_SOURCE_DIR}/.deps/torch" CACHE PATH
  "A folder that pip installed torch into (--target), or an unpacked LibTorch")

find_path(TORCH_INCLUDE ATen/ATen.h PATHS ${TERTIUM_TORCH}/torch/include ${TERTIUM_TORCH}/include NO_DEFAULT_PATH)
if(NOT TORCH_INCLUDE)
  message(FATAL_ERROR "No LibTorch under ${TERTIUM_TORCH}: run `make build`, or set -DTERTIUM_TORCH=<folder>")
endif()
get_filename_component(TORCH_ROOT ${TORCH_INCLUDE} DIRECTORY)
file(GLOB torch_cuda_libs LIST_DIRECTORIES true ${TERTIUM_TORCH}/nvidia/*/lib)  # libtorch_cpu of a CUDA wheel needs cupti

add_library(libtorch INTERFACE)
# Searched last: the wheel carries copies of fmt and nlohmann-json that must not hide the system's.
target_compile_options(libtorch INTERFACE "SHELL:-idirafter ${TORCH_INCLUDE}")
# Without it at::parallel_for, a template, runs on one thread. The wheel's own libgomp is found first: one pool for all.
target_compile_options(libtorch INTERFACE -fopenmp)
target_link_options(libtorch INTERFACE -fopenmp)
target_link_libraries(libtorch INTERFACE ${TORCH_ROOT}/lib/libtorch_cpu.so ${TORCH_ROOT}/lib/libc10.so)
foreach(folder ${TORCH_ROOT}/lib ${torch_cuda_libs})
  target_link_options(libtorch INTERFACE -Wl,-rpath,${folder} -Wl,-rpath-link,${folder})
endforeach()
