package dev.cofferdam.gateway;

import dev.cofferdam.mesh.HouseRules;
import org.junit.jupiter.api.Test;

class HouseRulesTest {
  @Test
  void theServiceFollowsTheRulesOfTheHouse() {
    HouseRules.check("dev.cofferdam.gateway");
  }
}
