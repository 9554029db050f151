# What a person types. The work is in tools/*.sh; each step does only what is missing.
.DEFAULT_GOAL := help
.PHONY: help demo test build bench fuzz clean

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

demo: ## Set up, build, fetch a small model and run examples/demo.toml into demo-results/
	@tools/demo.sh

test: ## Build everything and run all tests
	@tools/test.sh

build: ## Set up and build build/release/tertium
	@tools/build.sh tertium_cli

bench: ## Build and run the benchmarks; PART=score,sweep runs some of them
	@tools/bench.sh $(if $(PART),--part $(PART))

fuzz: ## Feed damaged files to every reader for FUZZ_SECONDS (600) each
	@tools/fuzz.sh

clean: ## Remove build/ (what was fetched stays in .deps/)
	@rm -rf build
