# Lỗi phát hiện khi kiểm chứng nhật ký.
verify-signature = Điểm kiểm không hợp lệ với các khóa đã cho: { $detail }
verify-leaf = Mục { $entry } không đúng dạng chuẩn tắc: { $detail }
verify-seq = Mục ở vị trí { $entry } lại ghi là mục { $found }: có mục bị bỏ, bị lặp hoặc bị đổi chỗ
verify-opening = Nhật ký không bắt đầu bằng mục mở nhật ký
verify-origin = Nhật ký được mở với tên `{ $found }` nhưng điểm kiểm lại ký cho `{ $wanted }`
verify-opened-twice = Mục { $entry } mở nhật ký ngay giữa nhật ký này
verify-short = Nhật ký có { $found } mục nhưng điểm kiểm đã ký cho { $wanted } mục: phần cuối đã bị cắt
verify-unsigned = Nhật ký có { $found } mục nhưng điểm kiểm chỉ ký cho { $wanted } mục: phần cuối chưa được ký
verify-root = Gốc cây băm của { $found } mục khác với điểm kiểm đã ký: ít nhất một mục đã bị sửa
verify-altered = Mục { $entry } không khớp với mã băm mà cây còn giữ: mục này đã bị sửa
verify-boottime-back = Tại mục { $entry }, thời gian kể từ khi khởi động lùi lại { $ms } ms trong cùng một lần khởi động: máy đã bị đưa về trạng thái cũ
verify-clock-step = Tại mục { $entry }, đồng hồ nhảy { $ms } ms mà không có mục nào giải thích
verify-boot-missing = Mục { $entry } thuộc lần khởi động máy khác nhưng không có mục khởi động đứng trước
verify-wall-behind = Mục { $entry } bắt đầu một lượt phát khi đồng hồ chậm { $ms } ms so với nhật ký mà chưa ai chỉnh hoặc xác nhận
