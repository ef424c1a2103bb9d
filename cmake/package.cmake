# What an operator installs (`cmake --install`), and the Debian package of it (script/package). Destinations are relative to
# `/`: a part of it is configuration, which has its place whatever the prefix.
install(TARGETS minschool minschool-site minschool-admin minschool-monitor DESTINATION usr/bin)
# Nobody starts it by hand (infra/decoding/decode.cpp).
install(TARGETS minschool-decoder DESTINATION usr/libexec/minschool)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/build/assets/ DESTINATION usr/share/minschool/assets
  PATTERN assets.hpp EXCLUDE PATTERN manifest.json EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/schema DESTINATION usr/share/minschool FILES_MATCHING PATTERN *.sql)
# Nginx's files twice: `minschool setup` makes conf.d's from the first; `minschool doctor` compares both with what is installed.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/nginx DESTINATION usr/share/minschool)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/redis/minschool.acl DESTINATION usr/share/minschool/redis)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/nginx/snippets DESTINATION etc/nginx)
file(GLOB units ${CMAKE_SOURCE_DIR}/deploy/systemd/*.service ${CMAKE_SOURCE_DIR}/deploy/systemd/*.mount)
install(FILES ${units} DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/completion/minschool DESTINATION usr/share/bash-completion/completions)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/minschool.example.toml DESTINATION usr/share/doc/minschool/examples)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/debian/copyright ${CMAKE_SOURCE_DIR}/docs/operating.md
  ${CMAKE_SOURCE_DIR}/docs/operating.ko.md DESTINATION usr/share/doc/minschool)

# install_gzipped(FILE DESTINATION NAME): without name and time inside (-n), so that the same sources are the same package.
find_program(GZIP gzip REQUIRED)
function(install_gzipped file destination name)
  set(packed ${CMAKE_BINARY_DIR}/packed/${name}.gz)
  add_custom_command(OUTPUT ${packed} DEPENDS ${file} VERBATIM COMMENT "gzip ${name}"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/packed
    COMMAND sh -c "\"$0\" -9nc \"$1\" >\"$2\"" ${GZIP} ${file} ${packed})
  set_property(GLOBAL APPEND PROPERTY ms_packed ${packed})
  install(FILES ${packed} DESTINATION ${destination})
endfunction()
foreach(page minschool.1 minschool-site.8 minschool-admin.8 minschool-monitor.8)
  string(REGEX MATCH "[18]$" section ${page})
  install_gzipped(${CMAKE_SOURCE_DIR}/deploy/man/${page} usr/share/man/man${section} ${page})
endforeach()
string(TIMESTAMP ms_date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH when that is set
configure_file(${CMAKE_SOURCE_DIR}/deploy/debian/changelog.in ${CMAKE_BINARY_DIR}/generated/changelog @ONLY)
install_gzipped(${CMAKE_BINARY_DIR}/generated/changelog usr/share/doc/minschool changelog)
get_property(packed GLOBAL PROPERTY ms_packed)
add_custom_target(packed ALL DEPENDS ${packed})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME minschool)
set(CPACK_PACKAGE_VERSION ${ms_version})
set(CPACK_PACKAGE_CONTACT "MinSchool maintainers <maintainers@minschool.example>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, poppler-data")
# On one machine all of them; `apt install --no-install-recommends` for a machine that has a part.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
  "nginx (>= 1.22), libnginx-mod-http-brotli-static, libnginx-mod-http-brotli-filter, postgresql (>= 15), postgresql-client, redis-server (>= 5:7)")
# Fonts: for previews of Korean PDF files that have none of their own.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, fonts-nanum")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "community website for schools and NGOs
Boards, posts with threaded comments, members and roles, and an Admin for the
staff, served by programs in C++ behind Nginx. Any of its app servers may die,
and Redis too, and people go on reading and writing.

After the installation \"minschool setup\" asks for what it cannot know and
starts the site; \"minschool doctor\" says what is wrong with a machine.")
set(control ${CMAKE_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${control}/conffiles ${control}/preinst ${control}/postinst ${control}/prerm ${control}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
