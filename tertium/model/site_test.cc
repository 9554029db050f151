#include "tertium/model/site.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

TEST(Site, IsPrintedWithItsBlockAndHead) {
  EXPECT_EQ(to_string({SiteKind::resid_post, 12}), "resid_post@12");
  EXPECT_EQ(to_string({SiteKind::z, 12, 3}), "z@12.3");
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
  EXPECT_EQ(test::error_of([] { site_named("q@3"); }),
            "site \"q@3\": tertium knows resid_pre, z, attn_out, resid_mid, mlp_out, resid_post");
  for (const char* name :
       {"blocks.x.hook_resid_post", "blocks.3", "blocks.-1.hook_resid_post", "resid_post@", "z@1.2.3"})
    EXPECT_NE(test::error_of([&] { site_named(name); }), "") << name;
}

}  // namespace
}  // namespace tertium
