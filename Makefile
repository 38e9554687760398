# The doors of the project; `make` alone lists them. What a target does is in CMakePresets.json and scripts/.
# Each target that compiles first installs what is missing of scripts/packages.txt; PACKAGES=true skips that.
prefix ?= /usr/local
PACKAGES ?= scripts/install-packages.sh
JOBS ?= $(shell nproc)
export JOBS
program := build/release/bookchain
speed := $(PACKAGES) speed || echo 'Without these packages the program serves more slowly.' >&2

.DEFAULT_GOAL := help
.PHONY: help demo test build install format check-format lint asan model sim crash bench coverage clean

help:  ## this list
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r target what; do \
	  printf '  %-14s %s\n' "$$target" "$$what"; done

demo: build  ## build the program and watch four peers hand over a book
	@BOOKCHAIN="$(CURDIR)/$(program)" examples/first-exchange.sh

test:  ## build the program with its assertions and run all tests
	@$(PACKAGES) build test
	@$(PACKAGES) crash model || echo 'Without these packages some tests are skipped.' >&2
	@$(speed)
	@scripts/build.sh dev
	@ctest --preset dev --parallel $(JOBS); status=$$?; \
	  grep -hs '^{"schema":' build/dev/Testing/Temporary/LastTest.log; exit $$status

build:  ## build the program: build/release/bookchain
	@$(PACKAGES) build
	@$(speed)
	@scripts/build.sh release
	@echo '$(program) is built'

install: build  ## install the program and its pages below $(DESTDIR)$(prefix), by default /usr/local
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(prefix)"

format:  ## lay the code out as .clang-format says
	@$(PACKAGES) format
	@scripts/check-format.sh --fix

check-format:  ## say which files `make format` would change
	@$(PACKAGES) format
	@scripts/check-format.sh

lint:  ## look for mistakes with clang-tidy and shellcheck
	@$(PACKAGES) build test lint
	@scripts/lint.sh

asan:  ## most tests again, under AddressSanitizer and UndefinedBehaviorSanitizer; QUICK=1: without processes; ALL=1: an hour
	@$(PACKAGES) build test
	@scripts/build.sh asan $(if $(QUICK),unit_tests scenario_tests transport_tests)
	@ctest --preset $(if $(QUICK),asan-quick,$(if $(ALL),asan-all,asan)) --parallel $(JOBS)

model:  ## check the voting rule, and that each broken form of it is caught, with Spin: some minutes
	@$(PACKAGES) model
	@MODEL_JOBS=$(JOBS) tests/model/run.sh

sim:  ## whole networks under faults and liars; SEEDS=100000 for the long run
	@$(PACKAGES) build test
	@scripts/build.sh dev sim sim_curve sim_planted sim_planted_curve
	@tests/sim/run.sh build/dev $(SEEDS)

bench:  ## how fast it is, against age and bare signatures: docs/performance.md; takes 8 GiB of disk for a while
	@$(PACKAGES) build bench
	@scripts/build.sh release bookchain grown_chain hostile_clients bench_parts
	@tests/bench/exchanges.py $(program) build/release/tests/bench/bench_parts
	@tests/bench/disturbed.py $(program) build/release/tests/bench/hostile_clients
	@tests/bench/peers.py $(program)
	@tests/bench/ageing.py $(program)
	@tests/bench/large_book.py $(program)
	@tests/bench/growth.py $(program) build/release/tests/bench/grown_chain

coverage:  ## which branches of the rules no test takes; fails below 90 percent, or where one has no reason: some minutes
	@$(PACKAGES) build test
	@scripts/coverage.sh 90

crash:  ## the program killed, given errors and cut off from power at every call that counts; SAMPLE=10 for a tenth
	@$(PACKAGES) build test crash
	@scripts/build.sh dev bookchain
	@worst=0; try() { tests/crash/"$$@" || { status=$$?; [ $$status -le $$worst ] || worst=$$status; }; }; \
	try run.py build/dev/bookchain --kept build/dev/crash-runs; \
	try power.py build/dev/bookchain --kept build/dev/crash-runs; \
	try sockets.py build/dev/bookchain; exit $$worst

clean:  ## remove build/
	@rm -rf build
