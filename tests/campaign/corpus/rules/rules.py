def abandonment_rate(works, rate, rate_working, age):
    return rate_working if works else rate / (1.0 + age)
