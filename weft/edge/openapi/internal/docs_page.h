#pragma once

#include <string_view>

/// What a browser gets of the page of docs(). Everything that comes from the document is put in as
/// text, so a comment of a .proto file cannot be code.
namespace weft::edge::api {

/// `%ROOT%` is DocsPage::path, `%DOCUMENT%` DocsPage::document.
extern const std::string_view kDocsPage;
extern const std::string_view kDocsScript;
extern const std::string_view kDocsStyle;

}  // namespace weft::edge::api
