// The groups of tests.
#pragma once
#include "device.h"

void addRowTests(std::vector<Case>& cases);
void addAttentionTests(std::vector<Case>& cases);
