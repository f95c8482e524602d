# The four calls from which the whole tree is built: a module, a plugin, a pipeline, a test.

add_library(sensorium_options INTERFACE)
target_include_directories(sensorium_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sensorium_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers
  "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds>" # g++ 12 warns of std::string operator+ without cause (GCC bug 105651 and its kin); ASan and UBSan check bounds
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>) # clang 19 sees it in libstdc++ 12's own std::stable_sort
if(SENSORIUM_WERROR)
  target_compile_options(sensorium_options INTERFACE -Werror)
endif()
if(SENSORIUM_SANITIZE)
  target_compile_definitions(sensorium_options INTERFACE SENSORIUM_SANITIZE)
  target_compile_options(sensorium_options INTERFACE -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(sensorium_options INTERFACE -fsanitize=address,undefined)
endif()
# The format libraries' headers are not ours to warn about.
set(CMAKE_INCLUDE_SYSTEM_FLAG_CXX "-isystem ")

# sensorium_module(core [OWN_HEADERS] SOURCES a.cpp ... LINK sensorium_x ... PRIVATE_LINK ...)
function(sensorium_module name)
  cmake_parse_arguments(M "OWN_HEADERS" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(sensorium_${name} ${M_SOURCES})
  target_link_libraries(sensorium_${name} PUBLIC ${M_LINK} PRIVATE sensorium_options ${M_PRIVATE_LINK})
  target_include_directories(sensorium_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  if(NOT M_OWN_HEADERS)
    sensorium_shared_headers(sensorium_${name})
  endif()
endfunction()

# The headers that cost most, read once for all modules, plugins and pipelines. Whoever has a list of its own (OWN_HEADERS) calls sensorium_precompiled.
function(sensorium_shared_headers target)
  if(NOT TARGET sensorium_headers)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/headers.cpp CONTENT "\n")
    add_library(sensorium_headers OBJECT ${CMAKE_BINARY_DIR}/headers.cpp)
    target_link_libraries(sensorium_headers PRIVATE sensorium_options fmt::fmt nlohmann_json::nlohmann_json)
    sensorium_precompiled(sensorium_headers <algorithm> <filesystem> <fstream> <functional> <map> <memory> <optional> <span> <string> <vector>
      <nlohmann/json.hpp> <fmt/format.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM sensorium_headers)
  sensorium_cache_precompiled(${target})
endfunction()

# sensorium_precompiled(TARGET <header> ...): headers that most of a target's sources share are read once.
function(sensorium_precompiled target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  set(made ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx)
  string(SHA256 sum "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} ${SENSORIUM_SANITIZE} ${target} ${ARGN}")
  file(CONFIGURE OUTPUT ${made}.gch.sum CONTENT "${sum}\n")
  file(CONFIGURE OUTPUT ${made}.pch.sum CONTENT "${sum}\n")
  sensorium_cache_precompiled(${target})
endfunction()

# Without these ccache refuses what includes a precompiled header. By default it hashes the header's bytes, which differ from folder to
# folder; the sum beside it stands for them (CCACHE_PCH_EXTSUM). What was read into it is hashed file by file all the same.
function(sensorium_cache_precompiled target)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()

# Plugins and pipelines are the same kind of thing: a shared library with one C entry point (SENSORIUM_EXTENSION) and a
# manifest, written after linking by asking the library itself, so that the two cannot disagree.
function(sensorium_extension id folder)
  cmake_parse_arguments(E "" "" "SOURCES;LINK" ${ARGN})
  add_library(${id} SHARED ${E_SOURCES})
  target_link_libraries(${id} PUBLIC sensorium_core PRIVATE sensorium_options ${E_LINK})
  target_include_directories(${id} PUBLIC ${CMAKE_SOURCE_DIR})
  sensorium_shared_headers(${id})
  set_target_properties(${id} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/extensions)
  add_custom_command(TARGET ${id} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:sensorium_manifest> $<TARGET_FILE:${id}> ${CMAKE_BINARY_DIR}/extensions/${id}.json
    VERBATIM)
  add_dependencies(${id} sensorium_manifest)
  set_property(GLOBAL APPEND PROPERTY SENSORIUM_EXTENSIONS ${id})
endfunction()

function(sensorium_plugin id)
  sensorium_extension(${id} plugins ${ARGN})
endfunction()

function(sensorium_pipeline id)
  sensorium_extension(${id} pipelines ${ARGN})
endfunction()

# What an earlier build of this folder made and nobody makes any more must not be found and loaded.
function(sensorium_remove_stale_extensions)
  get_property(known GLOBAL PROPERTY SENSORIUM_EXTENSIONS)
  file(GLOB made ${CMAKE_BINARY_DIR}/extensions/*.json ${CMAKE_BINARY_DIR}/extensions/*.so)
  foreach(f ${made})
    get_filename_component(id ${f} NAME_WE)
    if(NOT id IN_LIST known)
      file(REMOVE ${f})
    endif()
  endforeach()
endfunction()

# What compiles a test, the same for all, so that they can share one precompiled header.
function(sensorium_test_options target)
  target_link_libraries(${target} PRIVATE sensorium_options sensorium_core GTest::gtest)
  target_compile_options(${target} PRIVATE -O0) # compiles in half of the time; what is tested keeps its own
endfunction()

# A test of Qt is compiled with other options and reads its headers itself.
function(sensorium_test_headers target)
  if(NOT TARGET sensorium_test_headers)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/test_headers.cpp CONTENT "int main() {}\n")
    add_executable(sensorium_test_headers ${CMAKE_BINARY_DIR}/test_headers.cpp)
    sensorium_test_options(sensorium_test_headers)
    sensorium_precompiled(sensorium_test_headers <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h> <filesystem> <fstream> <functional> <random> <sstream>)
  endif()
  target_precompile_headers(${target} REUSE_FROM sensorium_test_headers)
  sensorium_cache_precompiled(${target})
endfunction()

# sensorium_test(core_error LABEL quick SOURCES ... LINK ...): labels quick (daily), ci, long. DEPENDS: programs it starts.
function(sensorium_test name)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;LINK;DEPENDS;ENVIRONMENT" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL quick)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE GTest::gtest_main ${T_LINK})
  sensorium_test_options(test_${name})
  target_compile_definitions(test_${name} PRIVATE
    SENSORIUM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SENSORIUM_BINARY_DIR="${CMAKE_BINARY_DIR}"
    SENSORIUM_JUDGES="${SENSORIUM_JUDGES}" SENSORIUM_SHARED_DATA="${SENSORIUM_SHARED_DATA}")
  if(T_DEPENDS)
    add_dependencies(test_${name} ${T_DEPENDS})
  endif()
  if(NOT "${T_LINK}" MATCHES "Qt6::|sensorium_window|sensorium_view")
    sensorium_test_headers(test_${name})
  endif()
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  if(NOT T_LABEL STREQUAL long)
    set_property(GLOBAL APPEND PROPERTY SENSORIUM_CHECKS test_${name})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABEL}" TIMEOUT ${T_TIMEOUT} ENVIRONMENT "${T_ENVIRONMENT}")
endfunction()

# sensorium_fuzzer(heyex_vol SOURCES ... LINK ...): built with the asan preset; elsewhere nothing.
function(sensorium_fuzzer name)
  cmake_parse_arguments(F "" "" "SOURCES;LINK" ${ARGN})
  if(NOT SENSORIUM_SANITIZE)
    return()
  endif()
  add_executable(fuzz_${name} ${F_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE sensorium_options ${F_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  set_property(GLOBAL APPEND PROPERTY SENSORIUM_CHECKS fuzz_${name})
  set_property(GLOBAL APPEND PROPERTY SENSORIUM_FUZZERS "fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${name}")
endfunction()

# The target sanitized: every test and fuzzer of a sanitizer build. fuzzers.txt: a fuzzer and the folder of its seeds a line.
function(sensorium_sanitized)
  if(NOT SENSORIUM_SANITIZE)
    return()
  endif()
  get_property(checks GLOBAL PROPERTY SENSORIUM_CHECKS)
  add_custom_target(sanitized DEPENDS ${checks})
  get_property(fuzzers GLOBAL PROPERTY SENSORIUM_FUZZERS)
  list(JOIN fuzzers "\n" lines)
  file(WRITE ${CMAKE_BINARY_DIR}/fuzzers.txt "${lines}\n")
endfunction()

# Adds each sub-folder that has a CMakeLists.txt: a new pipeline, plugin or test folder needs no edit here.
macro(sensorium_add_folders)
  file(GLOB folders CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  list(SORT folders)
  foreach(f ${folders})
    get_filename_component(d ${f} DIRECTORY)
    add_subdirectory(${d})
  endforeach()
endmacro()
