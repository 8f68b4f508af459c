; What numba's code takes from its C library, in basic operations: a number as a part in [1/2, 1) and an exponent, and back.

define double @numba_frexp(double %x, ptr %at) {
  %given = bitcast double %x to i64
  %shifted = lshr i64 %given, 52
  %field = and i64 %shifted, 2047
  %zero = fcmp oeq double %x, 0.0
  %endless = icmp eq i64 %field, 2047
  %plain = or i1 %zero, %endless
  br i1 %plain, label %as_it_is, label %parted

as_it_is:
  store i32 0, ptr %at
  ret double %x

parted:
  %small = icmp eq i64 %field, 0
  %scale = select i1 %small, double 0x43F0000000000000, double 1.0 ; 2^64
  %less = select i1 %small, i64 1086, i64 1022
  %scaled = fmul double %x, %scale
  %bits = bitcast double %scaled to i64
  %moved = lshr i64 %bits, 52
  %power = and i64 %moved, 2047
  %exponent = sub i64 %power, %less
  %narrow = trunc i64 %exponent to i32
  store i32 %narrow, ptr %at
  %rest = and i64 %bits, -9218868437227405313
  %part = or i64 %rest, 4602678819172646912
  %result = bitcast i64 %part to double
  ret double %result
}

define double @numba_ldexp(double %x, i32 %exponent) {
  %low = call i32 @llvm.smax.i32(i32 %exponent, i32 -2000)
  %within = call i32 @llvm.smin.i32(i32 %low, i32 2000)
  %half = ashr i32 %within, 1
  %other = sub i32 %within, %half
  %one = call double @power(i32 %half)
  %two = call double @power(i32 %other)
  %once = fmul double %x, %one
  %twice = fmul double %once, %two
  ret double %twice
}

define double @power(i32 %exponent) {
  %raised = add i32 %exponent, 1023
  %wide = zext i32 %raised to i64
  %bits = shl i64 %wide, 52
  %result = bitcast i64 %bits to double
  ret double %result
}

declare i32 @llvm.smax.i32(i32, i32)
declare i32 @llvm.smin.i32(i32, i32)
