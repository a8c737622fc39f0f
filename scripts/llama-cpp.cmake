# Included by llama-cpp-python's CMakeLists.txt right after its project(): llama.cpp's library for its command-line
# programs is more than half of the build, and Python uses nothing of it.
set(LLAMA_BUILD_COMMON OFF)
