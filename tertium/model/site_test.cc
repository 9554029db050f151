#include "tertium/model/site.h"

#include <gtest/gtest.h>

#include <utility>

#include "tertium/model/config.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

TEST(Site, IsPrintedWithItsBlockAndHead) {
  EXPECT_EQ(to_string({SiteKind::resid_post, 12}), "resid_post@12");
  EXPECT_EQ(to_string({SiteKind::z, 12, 3}), "z@12.3");
}

TEST(Site, BetweenTwoBlocksBelongsToTheLaterOne) {
  EXPECT_EQ(canonical({SiteKind::resid_post, 2}), (Site{SiteKind::resid_pre, 3}));
  for (const SiteInfo& site : site_kinds())
    if (site.kind != SiteKind::resid_post) {
      EXPECT_EQ(canonical({site.kind, 2, 1}), (Site{site.kind, 2, 1})) << site.name;
    }
}

TEST(Site, HasTheHeadsOfQueriesOrOfKeys) {
  Config config;
  config.hidden = 100;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 8;
  const auto widths = [&](SiteKind kind) {
    return std::pair(site_width(config, {kind, 0}), site_width(config, {kind, 0, 1}));
  };
  for (const SiteKind kind : {SiteKind::q, SiteKind::z}) EXPECT_EQ(widths(kind), std::pair(48ul, 8ul));
  for (const SiteKind kind : {SiteKind::k, SiteKind::v}) EXPECT_EQ(widths(kind), std::pair(16ul, 8ul));
  EXPECT_EQ(site_width(config, {SiteKind::attn_out, 0}), 100u);
}

TEST(SiteNamed, KnowsEverySiteByBothItsNames) {
  for (const SiteInfo& site : site_kinds()) {
    EXPECT_EQ(site_named(site.name), (SiteName{site.kind, {}}));
    EXPECT_EQ(site_named(site.alias), (SiteName{site.kind, {}}));
    EXPECT_EQ(site_named("blocks.12." + std::string(site.alias)), (SiteName{site.kind, 12}));
    EXPECT_EQ(site_named(to_string({site.kind, 12})), (SiteName{site.kind, 12}));
  }
}

TEST(SiteNamed, SaysWhatWasMeant) {
  EXPECT_EQ(test::error_of([] { site_named("resid_pots"); }), "site \"resid_pots\": did you mean \"resid_post\"?");
  EXPECT_EQ(test::error_of([] { site_named("gate@3"); }),
            "site \"gate@3\": tertium knows resid_pre, q, k, v, z, attn_out, resid_mid, mlp_out, resid_post");
  for (const char* name :
       {"blocks.x.hook_resid_post", "blocks.3", "blocks.-1.hook_resid_post", "resid_post@", "z@1.2.3"})
    EXPECT_NE(test::error_of([&] { site_named(name); }), "") << name;
}

}  // namespace
}  // namespace tertium
