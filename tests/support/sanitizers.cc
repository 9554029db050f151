// What AddressSanitizer is to do in tests (preset dev).

#ifdef __SANITIZE_ADDRESS__
/// Too large a request fails as it does without the sanitizer, instead of ending the program: tests ask for it.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
#endif
