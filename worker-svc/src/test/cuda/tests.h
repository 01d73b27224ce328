// The groups of tests.
#pragma once
#include "device.h"

void addShimTests(std::vector<Case>& cases);
void addRowTests(std::vector<Case>& cases);
void addAttentionTests(std::vector<Case>& cases);
void addLoraTests(std::vector<Case>& cases);
void addSamplingTests(std::vector<Case>& cases);
void addBlockTests(std::vector<Case>& cases);
