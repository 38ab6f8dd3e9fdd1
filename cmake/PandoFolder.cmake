# cmake/PandoFolder.cmake: one folder of src/ = one library + one test binary.
#
#   pando_folder(<path below src/>
#     [DEPS <folder>...]        folders it uses: `log`, `io/rocks`        (in any order, also not yet written)
#     [LIBS <target>...]        libraries it uses: `dep::rocksdb`, see Dependencies.cmake
#     [TEST_DEPS <folder>...]   the same, for its tests alone
#     [TEST_LIBS <target>...]
#     [APART <regex>])          files compiled each alone even in a unity build (see PANDO_UNITY)
#
# For `pando_folder(io/rocks ...)` this makes
#   pando_io_rocks    static library of every *.cc below the folder, or header-only when there is none yet
#   io_rocks_test     GoogleTest binary of every *_test.cc, one ctest entry, labelled `io/rocks`
# Not compiled into either: main.cc, *_bench.cc. A subfolder with a CMakeLists.txt of its own is a
# folder of its own. New files are picked up by the next build (CONFIGURE_DEPENDS).

include_guard(GLOBAL)
define_property(GLOBAL PROPERTY PANDO_FOLDERS BRIEF_DOCS "Library targets made by pando_folder")

set(PANDO_SRC ${CMAKE_SOURCE_DIR}/src)

# "io/rocks" -> "pando_io_rocks"; several at once.
function(pando_targets out)
  set(result)
  foreach(folder IN LISTS ARGN)
    string(REPLACE "/" "_" name ${folder})
    list(APPEND result pando_${name})
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()

# Several files of a folder in one compiler run: most of a file's cost is headers and instantiations that its
# neighbours need too, so a build from nothing takes half the time. Names in unnamed namespaces are then to be
# unique in their folder; a folder of many files of one shape (the routes) keeps those apart.
option(PANDO_UNITY "Compile the files of a folder together, eight at a time" OFF)

function(pando_unity target)
  if(PANDO_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # its "main file" is the unity's
    endif()
  endif()
endfunction()

# Sources of one folder, without those of subfolders that are folders of their own.
function(pando_glob out dir pattern)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dir}/${pattern})
  file(GLOB_RECURSE nested CONFIGURE_DEPENDS ${dir}/CMakeLists.txt)
  foreach(list_file IN LISTS nested)
    get_filename_component(sub ${list_file} DIRECTORY)
    if(NOT sub STREQUAL dir)
      list(FILTER files EXCLUDE REGEX "^${sub}/")
    endif()
  endforeach()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# pando_proto(<target> <file below proto/>): a library of the code protoc and its gRPC plugin make of it,
# third-party text built without our warnings. `pando/v1/x.proto` is included as "pando/v1/x.pb.h".
function(pando_proto target proto)
  set(gen ${CMAKE_BINARY_DIR}/gen/proto)
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  set(base ${gen}/${stem})
  set(made ${base}.pb.cc ${base}.pb.h ${base}.grpc.pb.cc ${base}.grpc.pb.h)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${gen}
    COMMAND ${PANDO_PROTOC} -I ${CMAKE_SOURCE_DIR}/proto --cpp_out=${gen} --grpc_out=${gen}
            --plugin=protoc-gen-grpc=${PANDO_GRPC_CPP_PLUGIN} ${CMAKE_SOURCE_DIR}/proto/${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/proto/${proto}
    COMMENT "protoc ${proto}" VERBATIM)
  add_library(${target} STATIC ${made})
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC ${gen})
  target_link_libraries(${target} PUBLIC dep::grpc)
endfunction()

# pando_uses(<out> <file.cc>): the folder libraries whose headers the file includes, so that a benchmark
# or fuzzer needs no list of its own.
function(pando_uses out file)
  get_property(known GLOBAL PROPERTY PANDO_FOLDERS)
  file(STRINGS ${file} lines REGEX "^#include \"")
  set(uses)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include \"([^\"]*)/[^/\"]*\".*" "\\1" folder "${line}")
    pando_targets(target ${folder})
    if(target IN_LIST known)
      list(APPEND uses ${target})
    endif()
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  set(${out} ${uses} PARENT_SCOPE)
endfunction()

function(pando_folder path)
  cmake_parse_arguments(ARG "" "APART" "DEPS;LIBS;TEST_DEPS;TEST_LIBS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pando_folder(${path}): what is `${ARG_UNPARSED_ARGUMENTS}`? "
                        "Known: DEPS LIBS TEST_DEPS TEST_LIBS APART")
  endif()
  set(dir ${PANDO_SRC}/${path})
  pando_targets(target ${path})
  pando_targets(deps ${ARG_DEPS})
  pando_targets(test_deps ${ARG_TEST_DEPS})

  pando_glob(sources ${dir} "*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  if(ARG_APART)
    set(apart ${sources} ${tests})
    list(FILTER apart INCLUDE REGEX "${ARG_APART}")
    set_source_files_properties(${apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${PANDO_SRC})
    target_link_libraries(${target} PUBLIC ${deps} ${ARG_LIBS} PRIVATE pando_flags)
    pando_unity(${target})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PANDO_SRC})
    target_link_libraries(${target} INTERFACE ${deps} ${ARG_LIBS})
  endif()
  set_property(GLOBAL APPEND PROPERTY PANDO_FOLDERS ${target})

  if(PANDO_TESTS AND tests)
    string(REGEX REPLACE "^pando_" "" test ${target}_test)
    add_executable(${test} ${tests})
    target_link_libraries(${test} PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS}
                                          dep::gtest dep::rapidcheck GTest::gmock_main pando_flags)
    pando_unity(${test})
    add_test(NAME ${test} COMMAND ${test} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${test} PROPERTIES LABELS ${path} TIMEOUT 300)
  endif()
endfunction()

# pando_program(<target> <main.cc> <folder>...): an executable in the top of the build directory.
function(pando_program target main)
  pando_targets(deps ${ARGN})
  add_executable(${target} ${main})
  target_link_libraries(${target} PRIVATE ${deps} pando_flags)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
