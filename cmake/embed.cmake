# ms_embed(TARGET FILE NAMESPACE SYMBOL): FILE (below src, UTF-8 text) becomes part of TARGET as
# `extern const std::string_view SYMBOL` in NAMESPACE. As a script (cmake -P) this file writes the source of it.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${IN} text)
  file(WRITE ${OUT} "#include <string_view>\nnamespace ${NAMESPACE} {\nextern const std::string_view ${SYMBOL};\n"
    "const std::string_view ${SYMBOL} = R\"embedded(${text})embedded\";\n}\n")
  return()
endif()

function(ms_embed target file namespace symbol)
  set(in ${CMAKE_SOURCE_DIR}/src/${file})
  set(out ${CMAKE_BINARY_DIR}/generated/${file}.cpp)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D IN=${in} -D OUT=${out} -D NAMESPACE=${namespace} -D SYMBOL=${symbol} -P ${script}
    DEPENDS ${in} ${script} COMMENT "embed ${file}" VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
