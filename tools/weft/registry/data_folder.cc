#include "tools/weft/registry/data_folder.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include "weft/base/log.h"

namespace weft::cli {

Status make_private_folder(const std::string& path) {
  std::filesystem::path folder(path);
  // "data/" has an empty last part.
  if (!folder.has_filename()) folder = folder.parent_path();
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return invalid_argument(error.message());
  if (::mkdir(folder.c_str(), S_IRWXU) == 0) return {};
  if (errno != EEXIST) return invalid_argument(std::generic_category().message(errno));
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) {
    return invalid_argument(std::generic_category().message(errno));
  }
  if (!S_ISDIR(info.st_mode)) return invalid_argument("it is not a folder");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & S_ISVTX) == 0) {
    log(LogLevel::Warn, "--data " + path + ": others may change this folder; make it 0700");
  }
  return {};
}

}  // namespace weft::cli
