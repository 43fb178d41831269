#include "weft/codec/xml/xml.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/object_codec.h"
#include "weft/codec/xml/internal/reader.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::MessageTable;
using codec::OutputBytes;

struct Xml {
  using Options = XmlOptions;
  static constexpr std::string_view kName = "xml";
  static constexpr std::string_view kTitle = "XML";

  static Status write(const MessageTable& table, std::string_view wire,
                      const XmlWriteOptions& options, OutputBytes& out) {
    codec::xml::Writer writer(options, out);
    if (writer.write(table, wire)) [[likely]]
      return {};
    return writer.status();
  }

  static Status read(const MessageTable& table, std::string_view text,
                     const XmlReadOptions& options, OutputBytes& wire) {
    codec::xml::Document document;
    if (Status parsed = document.parse(text, options.max_tags); !parsed.ok()) return parsed;
    codec::xml::Reader reader(document, options, wire);
    if (reader.read(table)) return {};
    return invalid_argument(reader.fault());
  }
};

}  // namespace

Result<std::string> to_xml(const pb::Message& message, const XmlWriteOptions& options) {
  return codec::write_object<Xml>(message, options);
}

Status from_xml(std::string_view xml, pb::Message& into, const XmlReadOptions& options) {
  return codec::read_object<Xml>(codec::Tables::generated(), xml, options, into);
}

std::shared_ptr<const Codec> xml_codec(XmlOptions options) {
  return std::make_shared<const codec::ObjectCodec<Xml>>(std::move(options));
}

}  // namespace weft
